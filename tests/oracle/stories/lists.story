# Lists: pages, selectors, resource versions, their refusals.
### one
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","labels":{"app":"a","tier":"1"}}}
> first = metadata.resourceVersion

### two
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two","labels":{"app":"a","tier":"2"}}}

### three
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"three","labels":{"app":"b"}}}
> last = metadata.resourceVersion

### all
GET /api/v1/namespaces/{ns}/configmaps

### first page
GET /api/v1/namespaces/{ns}/configmaps?limit=2
> continue = metadata.continue

### second page
GET /api/v1/namespaces/{ns}/configmaps?limit=2&continue={continue}

### page with a bad token
GET /api/v1/namespaces/{ns}/configmaps?limit=2&continue=bad

### page with selector
GET /api/v1/namespaces/{ns}/configmaps?limit=1&labelSelector=app%3Da

### equal
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=app%3Da,tier%21%3D2

### in
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=app+in+(a,b),tier+notin+(1)

### exists
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=tier

### does not exist
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=%21tier

### more than
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=tier%3E1

### bad label selector
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=a%20in%20b

### bad label key
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=-a%3Db

### field selector
GET /api/v1/namespaces/{ns}/configmaps?fieldSelector=metadata.name%3Dtwo

### field selector, not equal
GET /api/v1/namespaces/{ns}/configmaps?fieldSelector=metadata.name%21%3Dtwo

### unknown field
GET /api/v1/namespaces/{ns}/configmaps?fieldSelector=data.a%3Db

### bad field selector
GET /api/v1/namespaces/{ns}/configmaps?fieldSelector=abc

### get with a field selector
GET /api/v1/configmaps?fieldSelector=metadata.namespace%3D{ns},metadata.name%3Done

### not older than
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion={last}&resourceVersionMatch=NotOlderThan

### exact
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion={first}&resourceVersionMatch=Exact

### any
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion=0

### match without version
GET /api/v1/namespaces/{ns}/configmaps?resourceVersionMatch=Exact

### exact zero
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion=0&resourceVersionMatch=Exact

### unknown match
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion=1&resourceVersionMatch=Roughly

### match with continue
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion=1&resourceVersionMatch=Exact&continue={continue}

### version that is no number
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion=abc

### limit that is no number
GET /api/v1/namespaces/{ns}/configmaps?limit=abc

### sendInitialEvents on a list
GET /api/v1/namespaces/{ns}/configmaps?sendInitialEvents=true

### version of the future
GET /api/v1/namespaces/{ns}/configmaps?resourceVersion=999999999

### get of the future
GET /api/v1/namespaces/{ns}/configmaps/one?resourceVersion=999999999

### get with version zero
GET /api/v1/namespaces/{ns}/configmaps/one?resourceVersion=0

### get with a bad version
GET /api/v1/namespaces/{ns}/configmaps/one?resourceVersion=abc

### namespace that is not there
GET /api/v1/namespaces/{ns}-none/configmaps

### delete some
DELETE /api/v1/namespaces/{ns}/configmaps?labelSelector=app%3Da

### delete some, strangely
DELETE /api/v1/namespaces/{ns}/configmaps?labelSelector=a%20in%20b

### delete all as a dry run
DELETE /api/v1/namespaces/{ns}/configmaps?dryRun=All

### what is left
GET /api/v1/namespaces/{ns}/configmaps
