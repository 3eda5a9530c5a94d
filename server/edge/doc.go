// Package edge is what happens to any request, whatever the operation: the surface, the limits, the body, the log and metrics.
//
// Legacy marks what came in by the legacy surface and cleans its URL. Match finds the operation and looks at what can be decided
// without the body. Normalise reads query string and body, be it a form or JSON, into one JSON document; what the two surfaces treat
// differently while a request is read is the interface surface, with the types strict and lenient. Validate holds that document
// against the schema. Each mistake that either finds is noted, and Validate answers with all of them, at most 20, so that one that was
// made while reading is not told a second time; only what leaves nothing to read, such as malformed JSON, ends a request at once. No
// more of a body than a name or an item of a list is ever repeated: it may hold a password. The body is read piece by piece within a budget for the whole process, and what an operation does not take is
// never held in memory.
package edge
