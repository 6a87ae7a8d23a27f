# Leases, Events of both groups, certificate requests, tokens, other small kinds.
### lease
POST /apis/coordination.k8s.io/v1/namespaces/{ns}/leases

{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"me","leaseDurationSeconds":15,"renewTime":"2026-01-01T00:00:00.5Z"}}

### bad lease
POST /apis/coordination.k8s.io/v1/namespaces/{ns}/leases

{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"m"},"spec":{"leaseDurationSeconds":0,"leaseTransitions":-1}}

### lease created by replacing
PUT /apis/coordination.k8s.io/v1/namespaces/{ns}/leases/put

{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"put"},"spec":{"holderIdentity":"me"}}

### lease of a bad time
POST /apis/coordination.k8s.io/v1/namespaces/{ns}/leases

{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"m"},"spec":{"renewTime":"yesterday"}}

### table of leases
GET /apis/coordination.k8s.io/v1/namespaces/{ns}/leases
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### event
POST /api/v1/namespaces/{ns}/events

{"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"involvedObject":{"kind":"Pod","namespace":"{ns}","name":"p"},"reason":"Why","message":"text","type":"Normal","source":{"component":"me","host":"h"},"firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:00:00Z","count":2}

### event about another namespace
POST /api/v1/namespaces/{ns}/events

{"apiVersion":"v1","kind":"Event","metadata":{"name":"f"},"involvedObject":{"kind":"Pod","namespace":"other","name":"p"}}

### the event in its other group
GET /apis/events.k8s.io/v1/namespaces/{ns}/events/e

### new event
POST /apis/events.k8s.io/v1/namespaces/{ns}/events

{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"g"},"eventTime":"2026-01-01T00:00:00.000001Z","reportingController":"example.com/me","reportingInstance":"me-1","action":"Do","reason":"Why","regarding":{"kind":"Pod","namespace":"{ns}","name":"p"},"type":"Warning","note":"text"}

### new event without what it needs
POST /apis/events.k8s.io/v1/namespaces/{ns}/events

{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"h"},"regarding":{"kind":"Pod","namespace":"{ns}","name":"p"},"type":"Odd"}

### the new event in the old group
GET /api/v1/namespaces/{ns}/events/g

### table of events
GET /api/v1/namespaces/{ns}/events
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### table of new events
GET /apis/events.k8s.io/v1/namespaces/{ns}/events
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### events by object
GET /api/v1/namespaces/{ns}/events?fieldSelector=involvedObject.name%3Dp,type%3DWarning

### events by a field of the other group
GET /apis/events.k8s.io/v1/namespaces/{ns}/events?fieldSelector=regarding.name%3Dp,type%3DWarning

### certificate request
POST /apis/certificates.k8s.io/v1/certificatesigningrequests
Impersonate-User: jane
Impersonate-Group: system:masters

{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"{ns}","labels":{"story":"{ns}"}},"spec":{"signerName":"example.com/s","usages":["client auth"],"expirationSeconds":3600,"request":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWFtRnVaVEJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkE2OSthK2tzUUcvMXA0MHNDUUJiTjY0SW5PeGRHdE1paFNudnJxRkFZMlh1aGQyT1MxL09TQ3EzcTc0CmJsMStnakZ0UFFKUk5WQzZSbS8wYzZhRlhaK2dBREFLQmdncWhrak9QUVFEQWdOSEFEQkVBaUJRRCtrUjl4WUcKSitRMmNyVUQ5d0d5VVE5bTErcDY3b1dkbTJ3MndrR25HUUlnQkVuSGdYN0RrOWo5US8weVpCcGFCUEpKKzVkQQpPSTBxWkJXK3VpN3FlY0E9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo="}}

### bad certificate request
POST /apis/certificates.k8s.io/v1/certificatesigningrequests

{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"{ns}-bad"},"spec":{"signerName":"nosuch","usages":[],"expirationSeconds":60,"request":"YQ=="}}

### certificate request without anything
POST /apis/certificates.k8s.io/v1/certificatesigningrequests

{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"{ns}-bad"},"spec":{}}

### table of certificate requests
GET /apis/certificates.k8s.io/v1/certificatesigningrequests?labelSelector=story%3D{ns}
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### deny it
PATCH+strategic /apis/certificates.k8s.io/v1/certificatesigningrequests/{ns}/approval

{"status":{"conditions":[{"type":"Denied","status":"True","reason":"No"}]}}

### approve it too
PATCH+strategic /apis/certificates.k8s.io/v1/certificatesigningrequests/{ns}/approval

{"status":{"conditions":[{"type":"Approved","status":"True"}]}}

### take back the denial
PATCH+merge /apis/certificates.k8s.io/v1/certificatesigningrequests/{ns}/approval

{"status":{"conditions":[]}}

### put a bad certificate
PATCH+merge /apis/certificates.k8s.io/v1/certificatesigningrequests/{ns}/status

{"status":{"certificate":"YQ=="}}

### token of nobody
POST /api/v1/namespaces/{ns}/serviceaccounts/nobody/token

{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}

### token for a short time
POST /api/v1/namespaces/{ns}/serviceaccounts/default/token

{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":5}}

### token bound to nothing
POST /api/v1/namespaces/{ns}/serviceaccounts/default/token

{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"none"}}}

### limit range
POST /api/v1/namespaces/{ns}/limitranges

{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l"},"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"defaultRequest":{"cpu":"100m"}}]}}

### bad limit range
POST /api/v1/namespaces/{ns}/limitranges

{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"m"},"spec":{"limits":[{"type":"Container","max":{"cpu":"1"},"min":{"cpu":"2"}}]}}

### quota
POST /api/v1/namespaces/{ns}/resourcequotas

{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"pods":"10","requests.cpu":"1"}}}

### priority class
POST /apis/scheduling.k8s.io/v1/priorityclasses

{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"{ns}","labels":{"story":"{ns}"}},"value":10}

### priority class too high
POST /apis/scheduling.k8s.io/v1/priorityclasses

{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"{ns}-high"},"value":2000000000}

### change the priority
PATCH+merge /apis/scheduling.k8s.io/v1/priorityclasses/{ns}

{"value":11}

### disruption budget
POST /apis/policy/v1/namespaces/{ns}/poddisruptionbudgets

{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"a":"b"}}}}

### bad disruption budget
POST /apis/policy/v1/namespaces/{ns}/poddisruptionbudgets

{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"c"},"spec":{"minAvailable":1,"maxUnavailable":"x%"}}
