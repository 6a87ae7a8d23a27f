# What the random requests found: revisions and uids of what is not there, finalizers, keyless items.
### a dry run with a revision of no number
POST /api/v1/namespaces/{ns}/configmaps?dryRun=All

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry","resourceVersion":"x"}}

### a dry run with a revision
POST /api/v1/namespaces/{ns}/configmaps?dryRun=All

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry","resourceVersion":"5"}}

### created by replacing, with a uid
PUT /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles/put

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"put","uid":"u"}}

### created by replacing, with a revision of no number
PUT /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles/put

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"put","resourceVersion":"x"}}

### applied with a uid and another name
PATCH+apply /api/v1/namespaces/{ns}/configmaps/one?fieldManager=me

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two","uid":"u"}}

### applied with a revision of no number
PATCH+apply /api/v1/namespaces/{ns}/configmaps/one?fieldManager=me

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","resourceVersion":"x"}}

### items without their key
POST /api/v1/namespaces/{ns}/serviceaccounts

{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"keyless"},"secrets":[{"namespace":"x"}]}

### items without their key, again
PATCH+merge /api/v1/namespaces/{ns}/serviceaccounts/keyless

{"secrets":[{"name":"s"},{}]}

### items that get their key
PATCH+merge /api/v1/namespaces/{ns}/serviceaccounts/keyless

{"secrets":[{"name":"s"}]}

### a pod of an account of no name
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"serviceAccountName":"a%/b","automountServiceAccountToken":false,"containers":[{"name":"c","image":"i:1"}]}}

### a lease's finalizer
POST /apis/coordination.k8s.io/v1/namespaces/{ns}/leases

{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l","finalizers":["short"]}}

### a configmap's finalizer
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"l","finalizers":["short"]}}

### an event's finalizer
POST /api/v1/namespaces/{ns}/events

{"apiVersion":"v1","kind":"Event","metadata":{"name":"l","finalizers":["a b"]},"involvedObject":{"namespace":"{ns}"}}

### a pod that waits for no node
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"q","labels":{"a":"b"}},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"i:1"}]}}

### deleted at once
DELETE /api/v1/namespaces/{ns}/pods/q

### a configmap that kubectl applied itself
POST /api/v1/namespaces/{ns}/configmaps?fieldManager=kubectl-client-side-apply

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"csa","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"csa\"},\"data\":{\"a\":\"1\"}}\n"}},"data":{"a":"1"}}

### applied by the server for kubectl: the annotation follows
PATCH+apply /api/v1/namespaces/{ns}/configmaps/csa?fieldManager=kubectl

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"csa"},"data":{"z":"<&>","b":"1"}}

### applied by the server for another
PATCH+apply /api/v1/namespaces/{ns}/configmaps/csa?fieldManager=other

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"csa"},"data":{"c":"1"}}

### a deployment
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### its annotations count
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d

{"metadata":{"annotations":{"a":"b"}}}

### its labels do not
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d

{"metadata":{"labels":{"a":"b"}}}

### annotations by its status do not
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d/status

{"metadata":{"annotations":{"a":"c"}}}

