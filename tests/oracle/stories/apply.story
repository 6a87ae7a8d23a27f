# Server-side apply: ownership, conflicts, force, removal, and its refusals.
### create by apply
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

apiVersion: v1
kind: ConfigMap
metadata:
  name: s
  labels:
    owner: one
data:
  a: "1"
  b: "2"

### the same again
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s","labels":{"owner":"one"}},"data":{"a":"1","b":"2"}}

### another manager agrees
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=two

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"1","c":"3"}}

### another manager disagrees
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=two

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"9","b":"8"}}

### another manager insists
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=two&force=true

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"9","b":"8"}}

### the first gives up what it has
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"}}

### an update takes a field
PATCH+merge /api/v1/namespaces/{ns}/configmaps/s?fieldManager=updater

{"data":{"a":"updated"}}

### conflict with an update
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=two

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"9"}}

### without a field manager
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"}}

### with managedFields
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s","managedFields":[{"manager":"x"}]}}

### another name
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"t"}}

### without kind
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"metadata":{"name":"s"}}

### another kind
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}

### an unknown field
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"unknown":1}

### an unknown field, strictly
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one&fieldValidation=Strict

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"unknown":1}

### a duplicate field
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

apiVersion: v1
kind: ConfigMap
metadata:
  name: s
data:
  a: "1"
  a: "2"

### with an old resourceVersion
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s","resourceVersion":"1"}}

### what is no YAML
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

a: [

### a deployment
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=one

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1","ports":[{"containerPort":80,"protocol":"TCP"}],"env":[{"name":"A","value":"1"}]}]}}}}

### a port of another manager
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=two

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[{"name":"c","ports":[{"containerPort":80,"protocol":"UDP"}]}]}}}}

### scaling
PATCH+merge /apis/apps/v1/namespaces/{ns}/deployments/d/scale?fieldManager=scaler

{"spec":{"replicas":3}}

### conflict with the scaler
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=one

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:2","env":[{"name":"B","value":"1"}]}]}}}}

### leaving the replicas to the scaler
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=one

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:2","env":[{"name":"B","value":"1"}]}]}}}}

### a list with the same key twice
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=one&force=true

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"B","value":"1"},{"name":"B","value":"2"}]}]}}}}

### apply to the status
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d/status?fieldManager=stat

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"status":{"replicas":2,"conditions":[{"type":"Available","status":"True"}]}}

### a text for a number
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=one

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":"many"}}

### a number in a list of texts
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=one

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[{"name":"c","args":["a",1]}]}}}}

### a time that is none
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s","creationTimestamp":"yesterday"}}

### a uid that is not there
PATCH+apply /api/v1/namespaces/{ns}/configmaps/new?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new","uid":"00000000-0000-0000-0000-000000000001"}}

### status through the object
PATCH+apply /apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=both

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"x":"y"}},"status":{"replicas":7}}

### clear managedFields
PATCH+merge /api/v1/namespaces/{ns}/configmaps/s

{"metadata":{"managedFields":[{}]}}

### apply to what nobody manages
PATCH+apply /api/v1/namespaces/{ns}/configmaps/s?fieldManager=one

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"mine"}}
