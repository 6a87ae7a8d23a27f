# Protobuf bodies, as kubectl 1.32's generators send them (capture), and some that are none.
### namespace
POST /api/v1/namespaces?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@namespace.pb

### configmap
POST /api/v1/namespaces/{ns}/configmaps?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@configmap.pb

### secret
POST /api/v1/namespaces/{ns}/secrets?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@secret.pb

### secret-docker
POST /api/v1/namespaces/{ns}/secrets?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@secret-docker.pb

### serviceaccount
POST /api/v1/namespaces/{ns}/serviceaccounts?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@serviceaccount.pb

### deployment
POST /apis/apps/v1/namespaces/{ns}/deployments?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@deployment.pb

### job
POST /apis/batch/v1/namespaces/{ns}/jobs?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@job.pb

### cronjob
POST /apis/batch/v1/namespaces/{ns}/cronjobs?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@cronjob.pb

### service
POST /api/v1/namespaces/{ns}/services?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@service.pb

### role
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@role.pb

### rolebinding
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@rolebinding.pb

### clusterrole
POST /apis/rbac.authorization.k8s.io/v1/clusterroles?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@clusterrole.pb

### clusterrolebinding
POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@clusterrolebinding.pb

### priorityclass
POST /apis/scheduling.k8s.io/v1/priorityclasses?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@priorityclass.pb

### ingress
POST /apis/networking.k8s.io/v1/namespaces/{ns}/ingresses?fieldManager=kubectl-create&fieldValidation=Strict
Content-Type: application/vnd.kubernetes.protobuf

@ingress.pb

### token
POST /api/v1/namespaces/{ns}/serviceaccounts/default/token
Content-Type: application/vnd.kubernetes.protobuf

@token.pb

### can-i
POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
Content-Type: application/vnd.kubernetes.protobuf
Impersonate-User: jane
Impersonate-Group: system:masters

@can-i.pb

### whoami
POST /apis/authentication.k8s.io/v1/selfsubjectreviews
Content-Type: application/vnd.kubernetes.protobuf
Impersonate-User: jane
Impersonate-Group: system:masters

@whoami.pb

### configmap again
POST /api/v1/namespaces/{ns}/configmaps
Content-Type: application/vnd.kubernetes.protobuf

@configmap.pb

### secret where a configmap belongs
POST /api/v1/namespaces/{ns}/configmaps
Content-Type: application/vnd.kubernetes.protobuf

@secret.pb

### protobuf that calls itself JSON
POST /api/v1/namespaces/{ns}/configmaps
Content-Type: application/json

@configmap.pb

### JSON that calls itself protobuf
POST /api/v1/namespaces/{ns}/configmaps
Content-Type: application/vnd.kubernetes.protobuf

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}

### replace by protobuf
PUT /api/v1/namespaces/{ns}/configmaps/pb
Content-Type: application/vnd.kubernetes.protobuf

@configmap.pb

### patch by protobuf
PATCH /api/v1/namespaces/{ns}/configmaps/pb
Content-Type: application/vnd.kubernetes.protobuf

@configmap.pb
