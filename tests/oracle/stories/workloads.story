# Deployments, ReplicaSets, Jobs: defaults, causes, scale, status, generation.
### smallest deployment
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}

### empty deployment
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"}}

### deployment whose selector misses
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"c"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}

### deployment with an empty selector
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"selector":{},"template":{"metadata":{"labels":{"a":"c"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}

### deployment with a bad strategy
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"strategy":{"type":"Recreate","rollingUpdate":{}},"replicas":-1,"minReadySeconds":-1,"revisionHistoryLimit":-1,"progressDeadlineSeconds":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"nginx"}]}}}}

### deployment that never moves
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}

### deployment of bad percents
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"strategy":{"rollingUpdate":{"maxSurge":"abc","maxUnavailable":"101%"}},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}

### deployment of an unknown strategy
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"strategy":{"type":"Magic"},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}

### change the selector
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"selector":{"matchLabels":{"a":"b","c":"d"}},"template":{"metadata":{"labels":{"a":"b","c":"d"}}}}}

### scale
GET /apis/apps/v1/namespaces/{ns}/deployments/d/scale

### scale up
PUT /apis/apps/v1/namespaces/{ns}/deployments/d/scale

{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d","namespace":"{ns}"},"spec":{"replicas":4}}

### scale below nothing
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d/scale

{"spec":{"replicas":-4}}

### scale something else
PUT /apis/apps/v1/namespaces/{ns}/deployments/d/scale

{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"e"},"spec":{"replicas":4}}

### scale nothing
GET /apis/apps/v1/namespaces/{ns}/deployments/none/scale

### status
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d/status

{"status":{"replicas":4,"readyReplicas":2,"availableReplicas":1,"observedGeneration":2},"spec":{"replicas":9}}

### bad status
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d/status

{"status":{"replicas":-1,"readyReplicas":5,"availableReplicas":7}}

### status through the object
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d

{"status":{"replicas":77}}

### table of deployments
GET /apis/apps/v1/namespaces/{ns}/deployments
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### restart
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=kubectl-rollout

{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-01T00:00:00Z"}}}}}

### get
GET /apis/apps/v1/namespaces/{ns}/deployments/d

### delete in the foreground
DELETE /apis/apps/v1/namespaces/{ns}/deployments/d

{"propagationPolicy":"Foreground"}

### delete in an unknown way
DELETE /apis/apps/v1/namespaces/{ns}/deployments/d

{"propagationPolicy":"Slowly"}

### replica set
POST /apis/apps/v1/namespaces/{ns}/replicasets

{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"r"},"spec":{"selector":{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx:1"},{"name":"d","image":"nginx:2"}]}}}}

### replica set of bad expressions
POST /apis/apps/v1/namespaces/{ns}/replicasets

{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"s"},"spec":{"selector":{"matchExpressions":[{"key":"a","operator":"In"},{"key":"-b","operator":"Near"},{"key":"c","operator":"Exists","values":["x"]}]},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}

### scale of the replica set
GET /apis/apps/v1/namespaces/{ns}/replicasets/r/scale

### table of replica sets
GET /apis/apps/v1/namespaces/{ns}/replicasets
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### job
POST /apis/batch/v1/namespaces/{ns}/jobs

{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox","command":["true"]}]}}}}

### job that always restarts
POST /apis/batch/v1/namespaces/{ns}/jobs

{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"k"},"spec":{"parallelism":-1,"completions":-2,"backoffLimit":-1,"activeDeadlineSeconds":-1,"ttlSecondsAfterFinished":-1,"template":{"spec":{"containers":[{"name":"c","image":"busybox"}]}}}}

### job with a selector
POST /apis/batch/v1/namespaces/{ns}/jobs

{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"k"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}}}

### indexed job without completions
POST /apis/batch/v1/namespaces/{ns}/jobs

{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"k"},"spec":{"completionMode":"Indexed","template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}}}

### indexed job
POST /apis/batch/v1/namespaces/{ns}/jobs

{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"k"},"spec":{"completions":3,"parallelism":2,"completionMode":"Indexed","backoffLimitPerIndex":1,"suspend":true,"template":{"spec":{"restartPolicy":"OnFailure","containers":[{"name":"c","image":"busybox"}]}}}}

### change the job's template
PATCH+strategic /apis/batch/v1/namespaces/{ns}/jobs/j

{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"other"}]}}}}

### change the job's parallelism
PATCH+merge /apis/batch/v1/namespaces/{ns}/jobs/j

{"spec":{"parallelism":5}}

### change the job's completions
PATCH+merge /apis/batch/v1/namespaces/{ns}/jobs/j

{"spec":{"completions":5}}

### table of jobs
GET /apis/batch/v1/namespaces/{ns}/jobs
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### delete a job by default
DELETE /apis/batch/v1/namespaces/{ns}/jobs/j
