package reports

import (
	"bytes"
	"encoding/json"
	"io"
)

// schemaURI is the address of the schema that viewers expect (SARIF1011).
const schemaURI = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json"

// write writes the log: the run without its results first, then one result a line, so
// that memory holds one encoded result at a time. The library's Write holds the whole
// document twice and escapes <, > and &; what its types emit is mended on the way.
func (l *sarifLog) write(w io.Writer) error {
	head, err := l.head()
	if err != nil {
		return err
	}
	out := newJSONStream(w)
	out.raw(`{"version":"2.1.0","$schema":"` + schemaURI + `","runs":[`)
	out.put(bytes.TrimSuffix(head, []byte("\n}")))
	out.raw(",\n \"results\": [")
	separator := "\n"
	for result := range l.results() {
		encoded, err := mended(result, nil)
		if err != nil {
			return err
		}
		out.raw(separator)
		out.put(encoded)
		separator = ",\n"
	}
	out.raw("\n ]\n}]}\n")
	return out.end()
}

// head is the run without its results, as an indented JSON object.
func (l *sarifLog) head() ([]byte, error) {
	compact, err := mended(l.run, func(run map[string]any) {
		delete(run, "results")
		l.relate(run)
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, compact, "", " ")
	return out.Bytes(), err
}

// mended encodes a value of the library without what is wrong with it: null where the
// schema wants the property left out, and a length of -1, which is the default. edit, if
// there is one, sees the document first. What has neither is not decoded again.
func mended(value any, edit func(map[string]any)) ([]byte, error) {
	encoded, err := unescaped(value)
	if err != nil || (edit == nil && !bytes.Contains(encoded, []byte("null"))) {
		return encoded, err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var document map[string]any
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	dropNulls(document)
	if edit != nil {
		edit(document)
	}
	return unescaped(document)
}

// dropNulls removes null from objects and arrays, however deep, and artifacts' length of
// -1.
func dropNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, element := range value {
			if element == nil || (key == "length" && element == json.Number("-1")) {
				delete(value, key)
				continue
			}
			value[key] = dropNulls(element)
		}
	case []any:
		kept := value[:0]
		for _, element := range value {
			if element != nil {
				kept = append(kept, dropNulls(element))
			}
		}
		return kept
	}
	return value
}
