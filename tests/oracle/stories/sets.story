# DaemonSets and StatefulSets: defaults, refusals, generations, Tables, scale, status.
### daemon set
POST /apis/apps/v1/namespaces/{ns}/daemonsets

{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"ds"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"nodeSelector":{"x":"y","c":"d"},"containers":[{"name":"c","image":"i:1"}]}}}}

### bad daemon set
POST /apis/apps/v1/namespaces/{ns}/daemonsets

{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"bad"},"spec":{"minReadySeconds":-1,"revisionHistoryLimit":-1,"selector":{"matchLabels":{"a":"c"}},"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"120%","maxSurge":1}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"activeDeadlineSeconds":5,"restartPolicy":"Never","containers":[]}}}}

### daemon set that selects all
POST /apis/apps/v1/namespaces/{ns}/daemonsets

{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"bad"},"spec":{"selector":{},"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### daemon set without a selector
POST /apis/apps/v1/namespaces/{ns}/daemonsets

{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"bad"},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### daemon set with a surge
POST /apis/apps/v1/namespaces/{ns}/daemonsets

{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"surge","annotations":{"deprecated.daemonset.template.generation":"7"}},"spec":{"selector":{"matchLabels":{"a":"b"}},"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"30%"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### a new template
PATCH+strategic /apis/apps/v1/namespaces/{ns}/daemonsets/ds

{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}}

### another limit
PATCH+merge /apis/apps/v1/namespaces/{ns}/daemonsets/ds

{"spec":{"revisionHistoryLimit":3}}

### another selector
PATCH+merge /apis/apps/v1/namespaces/{ns}/daemonsets/ds

{"spec":{"selector":{"matchLabels":{"a":"b","c":"d"}}}}

### its status
PATCH+merge /apis/apps/v1/namespaces/{ns}/daemonsets/ds/status

{"status":{"currentNumberScheduled":1,"numberMisscheduled":0,"desiredNumberScheduled":2,"numberReady":1,"observedGeneration":3,"updatedNumberScheduled":1,"numberAvailable":1}}

### its bad status
PATCH+merge /apis/apps/v1/namespaces/{ns}/daemonsets/ds/status

{"status":{"currentNumberScheduled":-1,"numberReady":-2,"collisionCount":-1}}

### table of daemon sets
GET /apis/apps/v1/namespaces/{ns}/daemonsets
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### daemon sets have no scale
GET /apis/apps/v1/namespaces/{ns}/daemonsets/ds/scale

### stateful set
POST /apis/apps/v1/namespaces/{ns}/statefulsets

{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"ss"},"spec":{"serviceName":"s","selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### stateful set with everything
POST /apis/apps/v1/namespaces/{ns}/statefulsets

{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"all"},"spec":{"serviceName":"s","replicas":0,"ordinals":{"start":2},"podManagementPolicy":"Parallel","minReadySeconds":3,"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"},"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### stateful set, updated by hand
POST /apis/apps/v1/namespaces/{ns}/statefulsets

{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"hand"},"spec":{"updateStrategy":{"type":"OnDelete"},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### bad stateful set
POST /apis/apps/v1/namespaces/{ns}/statefulsets

{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"bad"},"spec":{"serviceName":"s","replicas":-1,"minReadySeconds":-1,"ordinals":{"start":-1},"podManagementPolicy":"Some","updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":1}},"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Never"},"selector":{},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Never","activeDeadlineSeconds":4,"containers":[{"name":"c","image":"i:1"}]}}}}

### stateful set without a selector
POST /apis/apps/v1/namespaces/{ns}/statefulsets

{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"bad"},"spec":{"serviceName":"s","updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":-1}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### stateful set that selects others
POST /apis/apps/v1/namespaces/{ns}/statefulsets

{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"bad"},"spec":{"serviceName":"s","selector":{"matchLabels":{"a":"c"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}

### another service
PATCH+merge /apis/apps/v1/namespaces/{ns}/statefulsets/ss

{"spec":{"serviceName":"t"}}

### another template
PATCH+strategic /apis/apps/v1/namespaces/{ns}/statefulsets/ss

{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}}

### its scale
GET /apis/apps/v1/namespaces/{ns}/statefulsets/ss/scale

### scaled
PATCH+merge /apis/apps/v1/namespaces/{ns}/statefulsets/ss/scale

{"spec":{"replicas":3}}

### status of the stateful set
PATCH+merge /apis/apps/v1/namespaces/{ns}/statefulsets/ss/status

{"status":{"replicas":2,"readyReplicas":1,"availableReplicas":1,"currentReplicas":2,"currentRevision":"x"}}

### bad status of the stateful set
PATCH+merge /apis/apps/v1/namespaces/{ns}/statefulsets/ss/status

{"status":{"replicas":1,"readyReplicas":2,"availableReplicas":3,"currentReplicas":-1,"updatedReplicas":4}}

### table of stateful sets
GET /apis/apps/v1/namespaces/{ns}/statefulsets
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

