package reports

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"iter"
)

// jsonStream writes a document of JSON a part at a time, so that memory holds one encoded
// element. An error stays with it until the end.
type jsonStream struct {
	out *bufio.Writer
	err error
}

func newJSONStream(w io.Writer) *jsonStream { return &jsonStream{out: bufio.NewWriter(w)} }

func (s *jsonStream) put(data []byte) {
	if s.err == nil {
		_, s.err = s.out.Write(data)
	}
}

func (s *jsonStream) raw(text string) { s.put([]byte(text)) }

// value writes a value.
func (s *jsonStream) value(value any) {
	encoded, err := unescaped(value)
	s.err = cmp.Or(s.err, err)
	s.put(encoded)
}

// open writes an object but for its last brace.
func (s *jsonStream) open(value any) {
	encoded, err := unescaped(value)
	s.err = cmp.Or(s.err, err)
	s.put(bytes.TrimSuffix(encoded, []byte("}")))
}

// end writes out what is kept back, and returns the first error.
func (s *jsonStream) end() error {
	return cmp.Or(s.err, s.out.Flush())
}

// member adds a list to an open object, one value a line, unless it is empty.
func member[T any](s *jsonStream, name string, values iter.Seq[T]) {
	before, after := ",\n\""+name+"\":[\n", ""
	for value := range values {
		s.raw(before)
		s.value(value)
		before, after = ",\n", "\n]"
	}
	s.raw(after)
}

// unescaped encodes a value as JSON in which <, > and & stand as they are.
func unescaped(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes()), err
}
