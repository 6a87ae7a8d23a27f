# Pods: defaults, causes, what may change, ephemeral containers, binding, eviction, deletion.
### smallest
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"nginx"}]}}
> uid = metadata.uid

### with a token
POST /api/v1/namespaces/{ns}/pods?dryRun=All

{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"q-"},"spec":{"containers":[{"name":"c","image":"nginx:1.2"}]}}

### many defaults
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"full","labels":{"app":"x"}},"spec":{"automountServiceAccountToken":false,"hostNetwork":true,"initContainers":[{"name":"i","image":"busybox@sha256:0000000000000000000000000000000000000000000000000000000000000000"},{"name":"side","image":"s:1","restartPolicy":"Always"}],"containers":[{"name":"c","image":"nginx:latest","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"0.5","memory":"1Gi"},"requests":{"cpu":"100m"}},"livenessProbe":{"httpGet":{"port":80}},"readinessProbe":{"exec":{"command":["true"]}},"startupProbe":{"grpc":{"port":5}},"lifecycle":{"preStop":{"httpGet":{"port":"http"}}},"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v"},{"name":"s","secret":{"secretName":"x"}},{"name":"m","configMap":{"name":"x"}},{"name":"d","downwardAPI":{"items":[{"path":"a","fieldRef":{"fieldPath":"metadata.labels"}}]}},{"name":"p","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}},{"name":"h","hostPath":{"path":"/x"}}],"tolerations":[{"key":"k","operator":"Exists"}]}}

### nothing in it
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"empty"}}

### no image and no name
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{}]}}

### bad container
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"C_","image":" x","imagePullPolicy":"Sometimes","terminationMessagePolicy":"Maybe","ports":[{"containerPort":0},{"name":"http","containerPort":70000,"protocol":"ICMP"}],"env":[{"name":""},{"name":"=","value":"x"},{"name":"A","value":"x","valueFrom":{"fieldRef":{"fieldPath":"spec.x"}}}],"volumeMounts":[{"name":"none","mountPath":"/x"},{"name":"none","mountPath":"/x"}]},{"name":"C_","image":"y"}]}}

### bad spec
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"restartPolicy":"Sometimes","dnsPolicy":"Any","activeDeadlineSeconds":0,"terminationGracePeriodSeconds":-1,"nodeSelector":{"-a":"b"},"hostname":"A.b","subdomain":"_","containers":[{"name":"c","image":"x"}]}}

### bad resources
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}}]}}

### bad resource name
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x","resources":{"requests":{"nothing":"1"}}}]}}

### negative resources
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x","resources":{"requests":{"memory":"-1"}}}]}}

### quantity that is none
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"one"}}}]}}

### bad volumes
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x"}],"volumes":[{"name":"a","emptyDir":{},"hostPath":{"path":"/x"}},{"name":"a","emptyDir":{}},{"name":"B","secret":{}},{"name":"c","hostPath":{"path":"../x"}},{"name":"d","configMap":{"name":"","items":[{"key":"","path":"/abs"}],"defaultMode":1000}}]}}

### bad probes
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x","livenessProbe":{"successThreshold":2,"httpGet":{"port":0,"path":"x"}},"readinessProbe":{},"startupProbe":{"tcpSocket":{"port":"-"},"timeoutSeconds":-1,"periodSeconds":-1}}]}}

### bad tolerations
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x"}],"tolerations":[{"operator":"Exists","key":"a","value":"x"},{"operator":"Equal"},{"key":"a","effect":"Whatever","tolerationSeconds":1}]}}

### bad affinity
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x"}],"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[]},"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":0,"preference":{"matchExpressions":[{"key":"a","operator":"In"}]}}]},"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"labelSelector":{}}]}}}}

### bad security
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"automountServiceAccountToken":false,"securityContext":{"runAsUser":-1,"fsGroup":-1,"sysctls":[{"name":"A","value":"1"}]},"containers":[{"name":"c","image":"x","securityContext":{"privileged":true,"allowPrivilegeEscalation":false,"runAsUser":-2,"procMount":"Strange"}}]}}

### unknown service account
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"serviceAccountName":"nobody","containers":[{"name":"c","image":"x"}]}}

### unknown priority class
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"priorityClassName":"none","containers":[{"name":"c","image":"x"}]}}

### system priority
POST /api/v1/namespaces/{ns}/pods

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"important"},"spec":{"automountServiceAccountToken":false,"priorityClassName":"system-node-critical","containers":[{"name":"c","image":"x"}]}}

### with a duplicate environment variable
POST /api/v1/namespaces/{ns}/pods?dryRun=All

{"apiVersion":"v1","kind":"Pod","metadata":{"name":"warned"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"x","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}],"ports":[{"containerPort":80},{"containerPort":80}]}],"nodeSelector":{"beta.kubernetes.io/os":"linux"}}}

### change the image
PATCH+strategic /api/v1/namespaces/{ns}/pods/p

{"spec":{"containers":[{"name":"c","image":"nginx:2"}]}}

### change the command
PATCH+strategic /api/v1/namespaces/{ns}/pods/p

{"spec":{"containers":[{"name":"c","command":["x"]}]}}

### add a container
PATCH+strategic /api/v1/namespaces/{ns}/pods/p

{"spec":{"containers":[{"name":"d","image":"x"}]}}

### add a toleration
PATCH+json /api/v1/namespaces/{ns}/pods/p

[{"op":"add","path":"/spec/tolerations/-","value":{"key":"a","operator":"Exists"}}]

### status
PATCH+strategic /api/v1/namespaces/{ns}/pods/p/status

{"status":{"phase":"Running","podIP":"10.1.2.3","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","image":"nginx:2","imageID":"","ready":true,"restartCount":2,"state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]}}

### bad status
PATCH+merge /api/v1/namespaces/{ns}/pods/p/status

{"status":{"podIP":"10.1.2.300","nominatedNodeName":"A_"}}

### ephemeral container
PATCH+strategic /api/v1/namespaces/{ns}/pods/p/ephemeralcontainers

{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox"}]}}

### ephemeral container with ports
PATCH+strategic /api/v1/namespaces/{ns}/pods/p/ephemeralcontainers

{"spec":{"ephemeralContainers":[{"name":"debug2","image":"busybox","ports":[{"containerPort":80}]}]}}

### change an ephemeral container
PATCH+strategic /api/v1/namespaces/{ns}/pods/p/ephemeralcontainers

{"spec":{"ephemeralContainers":[{"name":"debug","image":"other"}]}}

### resize
PATCH+strategic /api/v1/namespaces/{ns}/pods/full/resize

{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1"}}}]}}

### resize to another class
PATCH+strategic /api/v1/namespaces/{ns}/pods/p/resize

{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]}}

### bind
POST /api/v1/namespaces/{ns}/pods/p/binding

{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}

### bind again
POST /api/v1/namespaces/{ns}/pods/p/binding

{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"n2"}}

### bind without a target
POST /api/v1/namespaces/{ns}/pods/p/binding

{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Rock"}}

### bind what is not there
POST /api/v1/namespaces/{ns}/pods/none/binding

{"apiVersion":"v1","kind":"Binding","metadata":{"name":"none"},"target":{"kind":"Node","name":"n1"}}

### bind through bindings
POST /api/v1/namespaces/{ns}/bindings

{"apiVersion":"v1","kind":"Binding","metadata":{"name":"important","uid":"00000000-0000-0000-0000-000000000001"},"target":{"kind":"Node","name":"n1"}}

### get
GET /api/v1/namespaces/{ns}/pods/p

### list by node
GET /api/v1/namespaces/{ns}/pods?fieldSelector=spec.nodeName%3Dn1

### list by phase
GET /api/v1/namespaces/{ns}/pods?fieldSelector=status.phase%21%3DRunning
Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io

### table
GET /api/v1/namespaces/{ns}/pods
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### evict
POST /api/v1/namespaces/{ns}/pods/important/eviction

{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"important"}}

### evict what is not there
POST /api/v1/namespaces/{ns}/pods/none/eviction

{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"none"}}

### evict under another name
POST /api/v1/namespaces/{ns}/pods/p/eviction

{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"q"}}

### delete gracefully
DELETE /api/v1/namespaces/{ns}/pods/p

### delete again, sooner
DELETE /api/v1/namespaces/{ns}/pods/p?gracePeriodSeconds=5

### delete again, later
DELETE /api/v1/namespaces/{ns}/pods/p?gracePeriodSeconds=50

### delete with a bad grace
DELETE /api/v1/namespaces/{ns}/pods/p?gracePeriodSeconds=abc

### delete now
DELETE /api/v1/namespaces/{ns}/pods/p?gracePeriodSeconds=0

### logs of a pod on no node
GET /api/v1/namespaces/{ns}/pods/full/log?container=c

### logs of a pod that is not there
GET /api/v1/namespaces/{ns}/pods/none/log

### logs with bad options
GET /api/v1/namespaces/{ns}/pods/full/log?container=c&tailLines=-1&sinceSeconds=0

### logs of which container
GET /api/v1/namespaces/{ns}/pods/full/log?container=zzz
