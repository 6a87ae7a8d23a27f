# The three patches, with their directives and their refusals.
### create
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p","finalizers":["example.com/a"],"annotations":{"n":"1"}},"data":{"a":"1","b":"2"}}
> rv = metadata.resourceVersion

### merge
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p?fieldManager=merger

{"data":{"a":null,"c":"3"},"metadata":{"labels":{"l":"1"}}}

### merge nothing
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p

{}

### merge what is no object
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p

[1]

### merge an unknown field
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p

{"dato":{"a":"1"}}

### merge an unknown field, strictly
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p?fieldValidation=Strict

{"dato":{"a":"1"}}

### merge a wrong type
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p

{"data":{"a":{"b":1}}}

### merge with an old resourceVersion
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p

{"metadata":{"resourceVersion":"{rv}"},"data":{"z":"1"}}

### merge another name
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p

{"metadata":{"name":"q"}}

### merge another namespace
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p

{"metadata":{"namespace":"default"}}

### merge into nothing
PATCH+merge /api/v1/namespaces/{ns}/configmaps/none

{"data":{"a":"1"}}

### JSON patch
PATCH+json /api/v1/namespaces/{ns}/configmaps/p?fieldManager=jason

[{"op":"test","path":"/data/b","value":"2"},{"op":"add","path":"/metadata/annotations/d~1e","value":"4"},{"op":"remove","path":"/data/b"},{"op":"copy","from":"/data/c","path":"/data/f"}]

### JSON patch whose key is bad
PATCH+json /api/v1/namespaces/{ns}/configmaps/p

[{"op":"add","path":"/data/x~0y","value":"4"}]

### JSON patch whose test fails
PATCH+json /api/v1/namespaces/{ns}/configmaps/p

[{"op":"test","path":"/data/c","value":"nope"}]

### JSON patch that removes nothing
PATCH+json /api/v1/namespaces/{ns}/configmaps/p

[{"op":"remove","path":"/data/none"}]

### JSON patch into nothing
PATCH+json /api/v1/namespaces/{ns}/configmaps/p

[{"op":"replace","path":"/spec/none","value":1}]

### JSON patch that is an object
PATCH+json /api/v1/namespaces/{ns}/configmaps/p

{"op":"remove","path":"/data/c"}

### JSON patch with an unknown operation
PATCH+json /api/v1/namespaces/{ns}/configmaps/p

[{"op":"frob","path":"/data/c"}]

### strategic: labels and finalizers
PATCH+strategic /api/v1/namespaces/{ns}/configmaps/p

{"metadata":{"finalizers":["example.com/b"],"labels":{"l":null,"m":"2"}},"data":{"$patch":"replace","only":"1"}}

### strategic: delete from a primitive list
PATCH+strategic /api/v1/namespaces/{ns}/configmaps/p

{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/a","example.com/b"]}}

### strategic: unknown directive
PATCH+strategic /api/v1/namespaces/{ns}/configmaps/p

{"data":{"$patch":"frob"}}

### patch with an unknown media type
PATCH /api/v1/namespaces/{ns}/configmaps/p
Content-Type: application/json

{"data":{"a":"1"}}

### patch as a dry run
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p?dryRun=All

{"data":{"dry":"run"}}

### patch with a bad dryRun
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p?dryRun=Some

{"data":{"dry":"run"}}

### patch with force
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p?force=true

{"data":{"dry":"run"}}

### patch with a long field manager
PATCH+merge /api/v1/namespaces/{ns}/configmaps/p?fieldManager=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

{"data":{"dry":"run"}}

### deployment to patch
POST /apis/apps/v1/namespaces/{ns}/deployments

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"one","image":"i:1","ports":[{"containerPort":80}],"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]},{"name":"two","image":"j:1"}],"volumes":[{"name":"v","emptyDir":{}}]}}}}

### strategic: one container's image and env
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"spec":{"containers":[{"name":"one","image":"i:2","env":[{"name":"B","$patch":"delete"},{"name":"C","value":"3"}]}]}}}}

### strategic: order of elements
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"two"},{"name":"three"},{"name":"one"}],"containers":[{"name":"three","image":"k:1"}]}}}}

### strategic: another volume source
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"spec":{"volumes":[{"$retainKeys":["name","configMap"],"name":"v","configMap":{"name":"p"}}]}}}}

### strategic: retain keys of the strategy
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}

### strategic: element without its key
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"spec":{"containers":[{"image":"x:1"}]}}}}

### strategic: delete a container
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"spec":{"containers":[{"name":"two","$patch":"delete"}]}}}}

### strategic: replace the list
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"spec":{"containers":[{"$patch":"replace"},{"name":"last","image":"l:1"}]}}}}

### strategic: a text for a number
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"replicas":"many"}}

### strategic: a fraction for a number
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"replicas":1.5}}

### strategic: a number for a text
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"metadata":{"labels":{"a":1}}}

### strategic: a text for a map
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"metadata":{"labels":"x"}}

### strategic: a text for a list
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"spec":{"containers":"x"}}}}

### strategic: a list for an object
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"selector":[]}}

### strategic: a number for a bool
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"paused":1}}

### JSON patch: a number for a map
PATCH+json /apis/apps/v1/namespaces/{ns}/deployments/d

[{"op":"add","path":"/metadata/labels","value":1}]

### strategic: invalid outcome
PATCH+strategic /apis/apps/v1/namespaces/{ns}/deployments/d

{"spec":{"template":{"metadata":{"labels":{"a":"c"}}},"replicas":-1}}
