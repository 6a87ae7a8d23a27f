# Nodes: defaults, causes, status, taints, Tables.
### create
POST /api/v1/nodes

{"apiVersion":"v1","kind":"Node","metadata":{"name":"{ns}-n","labels":{"story":"{ns}","node-role.kubernetes.io/worker":""}},"spec":{"podCIDR":"10.9.0.0/24","taints":[{"key":"a","effect":"NoSchedule"}]},"status":{"capacity":{"cpu":"4","memory":"1Gi"}}}

### create with bad taints
POST /api/v1/nodes

{"apiVersion":"v1","kind":"Node","metadata":{"name":"{ns}-o"},"spec":{"taints":[{"key":"","effect":"No"},{"key":"a","effect":"NoSchedule"},{"key":"a","effect":"NoSchedule"}],"podCIDRs":["x"]}}

### create with a bad name
POST /api/v1/nodes

{"apiVersion":"v1","kind":"Node","metadata":{"name":"Node_1"}}

### status
PATCH+strategic /api/v1/nodes/{ns}-n/status

{"status":{"capacity":{"cpu":"4","memory":"8Gi","pods":"110"},"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","lastHeartbeatTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}],"addresses":[{"type":"InternalIP","address":"10.0.0.5"},{"type":"Hostname","address":"n"}],"nodeInfo":{"machineID":"m","systemUUID":"s","bootID":"b","kernelVersion":"6.1","osImage":"Debian","containerRuntimeVersion":"containerd://1.6","kubeletVersion":"v1.35.0","kubeProxyVersion":"","operatingSystem":"linux","architecture":"amd64"}}}

### bad capacity
PATCH+strategic /api/v1/nodes/{ns}-n/status

{"status":{"capacity":{"cpu":"-4"}}}

### cordon
PATCH+strategic /api/v1/nodes/{ns}-n

{"spec":{"unschedulable":true}}

### change the pod CIDR
PATCH+merge /api/v1/nodes/{ns}-n

{"spec":{"podCIDR":"10.8.0.0/24","podCIDRs":["10.8.0.0/24"]}}

### set the provider
PATCH+merge /api/v1/nodes/{ns}-n

{"spec":{"providerID":"x://1"}}

### change the provider
PATCH+merge /api/v1/nodes/{ns}-n

{"spec":{"providerID":"x://2"}}

### get
GET /api/v1/nodes/{ns}-n

### table
GET /api/v1/nodes?labelSelector=story%3D{ns}
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### by field
GET /api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue,metadata.name%3D{ns}-n
Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io

### delete
DELETE /api/v1/nodes/{ns}-n
