# The RBAC four and access reviews, as admin and as somebody without rights.
### role
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"reader"},"rules":[{"apiGroups":[""],"resources":["configmaps","pods/log"],"verbs":["get","list"]}]}

### role with an empty list
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"empty"},"rules":[]}

### table of roles without rows
GET /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles?labelSelector=no%3Done
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### role without verbs
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"bad"},"rules":[{"apiGroups":[""],"resources":["configmaps"]},{"verbs":["get"]},{"verbs":["get"],"nonResourceURLs":["/x"]}]}

### binding
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"jane"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"},"subjects":[{"kind":"User","name":"jane"},{"kind":"ServiceAccount","name":"default","namespace":"{ns}"}]}

### bad binding
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"bad"},"roleRef":{"kind":"Thing","name":""},"subjects":[{"kind":"User","name":""},{"kind":"Robot","name":"r"},{"kind":"ServiceAccount","name":"S"}]}

### change the reference
PATCH+merge /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings/jane

{"roleRef":{"name":"other"}}

### cluster role
POST /apis/rbac.authorization.k8s.io/v1/clusterroles

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"{ns}:viewer","labels":{"story":"{ns}"}},"rules":[{"nonResourceURLs":["/metrics"],"verbs":["get"]},{"apiGroups":["apps"],"resources":["*"],"verbs":["*"]}]}

### aggregated cluster role
POST /apis/rbac.authorization.k8s.io/v1/clusterroles

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"{ns}-agg","labels":{"story":"{ns}"}},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}}

### cluster role binding
POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"{ns}-b","labels":{"story":"{ns}"}},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{ns}:viewer"},"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"viewers"}]}

### binding to a cluster role that is not there
POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"{ns}-c"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"x"}}

### table of roles
GET /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### table of role bindings
GET /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### table of cluster roles
GET /apis/rbac.authorization.k8s.io/v1/clusterroles?labelSelector=story%3D{ns}
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### table of cluster role bindings
GET /apis/rbac.authorization.k8s.io/v1/clusterrolebindings?labelSelector=story%3D{ns}
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### jane may read
GET /api/v1/namespaces/{ns}/configmaps/none
Impersonate-User: jane

### jane may not write
POST /api/v1/namespaces/{ns}/configmaps
Impersonate-User: jane

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}

### jane may not delete
DELETE /api/v1/namespaces/{ns}/configmaps/x
Impersonate-User: jane

### jane may not read elsewhere
GET /api/v1/namespaces/default/configmaps
Impersonate-User: jane

### jane may not read nodes
GET /api/v1/nodes/x
Impersonate-User: jane

### jane may not read all
GET /api/v1/configmaps
Impersonate-User: jane

### jane may not read a subresource
GET /apis/apps/v1/namespaces/{ns}/deployments/x/scale
Impersonate-User: jane

### jane may not see metrics
GET /metrics
Impersonate-User: jane

### jane may not give what she has not
POST /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles
Impersonate-User: jane

{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"more"},"rules":[]}

### jane may not impersonate
GET /api/v1/namespaces/{ns}/configmaps
Impersonate-Group: x

### may jane
POST /apis/authorization.k8s.io/v1/subjectaccessreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"jane","resourceAttributes":{"namespace":"{ns}","verb":"get","resource":"configmaps"}}}

### may jane not
POST /apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"LocalSubjectAccessReview","metadata":{"namespace":"{ns}"},"spec":{"user":"jane","resourceAttributes":{"namespace":"{ns}","verb":"delete","resource":"configmaps"}}}

### local review of another namespace
POST /apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"LocalSubjectAccessReview","spec":{"user":"jane","resourceAttributes":{"namespace":"other","verb":"delete","resource":"configmaps"}}}

### may I
POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"nonResourceAttributes":{"path":"/x","verb":"get"}}}

### may I, without a question
POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{}}

### may I, with two questions
POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"nonResourceAttributes":{"path":"/x","verb":"get"},"resourceAttributes":{"verb":"get"}}}

### may nobody
POST /apis/authorization.k8s.io/v1/subjectaccessreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"resourceAttributes":{"verb":"get"}}}

### rules of jane
POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews
Impersonate-User: jane

{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{"namespace":"{ns}"}}

### rules without a namespace
POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews

{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{}}

### who is jane
POST /apis/authentication.k8s.io/v1/selfsubjectreviews
Impersonate-User: jane
Impersonate-Group: system:authenticated

{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}

### whose token
POST /apis/authentication.k8s.io/v1/tokenreviews

{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"nonsense"}}

### no token
POST /apis/authentication.k8s.io/v1/tokenreviews

{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{}}
