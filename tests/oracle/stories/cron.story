# CronJobs: defaults, refusals of schedules and zones, Table, status.
### cron job
POST /apis/batch/v1/namespaces/{ns}/cronjobs

{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"cj"},"spec":{"schedule":"*/5 * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i:1"}]}}}}}}

### cron job with everything
POST /apis/batch/v1/namespaces/{ns}/cronjobs

{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"all"},"spec":{"schedule":"@daily","timeZone":"Etc/UTC","startingDeadlineSeconds":7,"concurrencyPolicy":"Forbid","suspend":true,"successfulJobsHistoryLimit":0,"failedJobsHistoryLimit":2,"jobTemplate":{"metadata":{"labels":{"a":"b"}},"spec":{"backoffLimit":1,"template":{"spec":{"restartPolicy":"OnFailure","containers":[{"name":"c","image":"i:1"}]}}}}}}

### bad cron job
POST /apis/batch/v1/namespaces/{ns}/cronjobs

{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"{x*53}"},"spec":{"schedule":"60 * * * *","timeZone":"Local","startingDeadlineSeconds":-1,"concurrencyPolicy":"Some","successfulJobsHistoryLimit":-1,"failedJobsHistoryLimit":-1,"jobTemplate":{"spec":{"manualSelector":true,"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"containers":[]}}}}}}

### no schedule, no zone
POST /apis/batch/v1/namespaces/{ns}/cronjobs

{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"bad"},"spec":{"timeZone":"","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i:1"}]}}}}}}

### too few fields, a bad zone
POST /apis/batch/v1/namespaces/{ns}/cronjobs

{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"bad"},"spec":{"schedule":"* * *  x","timeZone":"../x","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i:1"}]}}}}}}

### a zone in the schedule
POST /apis/batch/v1/namespaces/{ns}/cronjobs

{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"bad"},"spec":{"schedule":"TZ=UTC @hourly","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i:1"}]}}}}}}

### words in the schedule
POST /apis/batch/v1/namespaces/{ns}/cronjobs

{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"bad"},"spec":{"schedule":"0 x * jan-foo sun","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i:1"}]}}}}}}

### another schedule
PATCH+merge /apis/batch/v1/namespaces/{ns}/cronjobs/cj

{"spec":{"schedule":"5-1 * * * *"}}

### suspended
PATCH+merge /apis/batch/v1/namespaces/{ns}/cronjobs/cj

{"spec":{"suspend":true}}

### its status
PATCH+merge /apis/batch/v1/namespaces/{ns}/cronjobs/cj/status

{"status":{"lastScheduleTime":"2026-01-01T00:00:00Z","lastSuccessfulTime":"2026-01-01T00:00:10Z","active":[{"kind":"Job","name":"x"}]}}

### table of cron jobs
GET /apis/batch/v1/namespaces/{ns}/cronjobs
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

