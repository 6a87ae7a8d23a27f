# Services, Endpoints, EndpointSlices: defaults and causes.
### headless
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"headless"},"spec":{"clusterIP":"None","selector":{"a":"b"},"ports":[{"port":80}]}}

### external name
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"external"},"spec":{"type":"ExternalName","externalName":"example.com"}}

### external name without one
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"type":"ExternalName"}}

### no ports
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"selector":{"a":"b"}}}

### bad ports
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"clusterIP":"None","ports":[{"port":0},{"port":80,"targetPort":"A_"},{"name":"x","port":80},{"name":"x","port":81,"protocol":"ICMP"}]}}

### bad name
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"1a"},"spec":{"clusterIP":"None","ports":[{"port":80}]}}

### bad type and affinity
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"type":"Magic","sessionAffinity":"Sticky","ports":[{"port":80}]}}

### bad cluster IP
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"clusterIP":"1.2.3","ports":[{"port":80}]}}

### session affinity
POST /api/v1/namespaces/{ns}/services

{"apiVersion":"v1","kind":"Service","metadata":{"name":"affine"},"spec":{"clusterIP":"None","sessionAffinity":"ClientIP","ports":[{"name":"a","port":80,"targetPort":"http"},{"name":"b","port":53,"protocol":"UDP"}]}}

### change the cluster IP
PATCH+merge /api/v1/namespaces/{ns}/services/headless

{"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"]}}

### change the ports
PATCH+strategic /api/v1/namespaces/{ns}/services/headless

{"spec":{"ports":[{"port":80,"name":"web"},{"port":443,"name":"tls"}]}}

### table
GET /api/v1/namespaces/{ns}/services
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### by type
GET /api/v1/namespaces/{ns}/services?fieldSelector=spec.type%3DExternalName

### load balancer status of the wrong type
PATCH+merge /api/v1/namespaces/{ns}/services/headless/status

{"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}}

### endpoints
POST /api/v1/namespaces/{ns}/endpoints

{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"e"},"subsets":[{"addresses":[{"ip":"10.1.1.2"},{"ip":"10.1.1.1"}],"ports":[{"port":80}]}]}

### bad endpoints
POST /api/v1/namespaces/{ns}/endpoints

{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"f"},"subsets":[{"addresses":[{"ip":"127.0.0.1"},{"ip":"x"}],"ports":[{"port":0}]},{}]}

### table of endpoints
GET /api/v1/namespaces/{ns}/endpoints
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### slice
POST /apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices

{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"s","labels":{"kubernetes.io/service-name":"x"}},"addressType":"IPv4","endpoints":[{"addresses":["10.1.1.1"]}],"ports":[{"port":80}]}

### bad slice
POST /apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices

{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"t"},"addressType":"IPv5","endpoints":[{"addresses":[]},{"addresses":["x"],"hostname":"A"}],"ports":[{"name":"A_","port":0},{"name":"A_","protocol":"ICMP"}]}

### change the address type
PATCH+merge /apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices/s

{"addressType":"IPv6"}

### table of slices
GET /apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices
Accept: application/json;as=Table;v=v1;g=meta.k8s.io
