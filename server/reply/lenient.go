package reply

import (
	"bytes"
	"net/http"
)

// LenientWriter writes the answers of the legacy surface: every success has status 200, and where parameters were ignored their names
// are the first key of the envelope, whatever wrote it.
type LenientWriter struct {
	http.ResponseWriter
	note  *Note
	begun bool
}

// NewLenientWriter returns a writer for a request with that note.
func NewLenientWriter(w http.ResponseWriter, note *Note) *LenientWriter {
	return &LenientWriter{ResponseWriter: w, note: note}
}

// WriteHeader implements http.ResponseWriter.
func (w *LenientWriter) WriteHeader(status int) {
	if status > http.StatusOK && status < http.StatusMultipleChoices {
		status = http.StatusOK
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *LenientWriter) Write(p []byte) (int, error) {
	begins := !w.begun
	w.begun = true
	names := w.note.Ignored()
	if !begins || len(names) == 0 || len(p) < 2 || string(p[:2]) != `{"` || w.Header().Get("Content-Type") != contentTypeJSON {
		return w.ResponseWriter.Write(p)
	}
	var added bytes.Buffer
	added.WriteString(`{"_ignored":`)
	if err := newEncoder(&added).Encode(names); err != nil {
		return 0, err
	}
	added.Truncate(added.Len() - 1) // the end of the line
	added.WriteString(",")
	before := added.Len() - 1 // of p
	added.Write(p[1:])
	n, err := w.ResponseWriter.Write(added.Bytes())
	return max(n-before, 0), err
}

// Flush implements http.Flusher, which gin expects.
func (w *LenientWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap lets http.ResponseController find the writer below.
func (w *LenientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
