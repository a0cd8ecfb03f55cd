package policies

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/internal/plan"
)

// decodeSlowly is what decoding means: encoding/json, then OPA's own conversion.
func decodeSlowly(line []byte, keep []string) (ast.Value, error) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	for name := range object {
		if !slices.Contains(keep, name) {
			delete(object, name)
		}
	}
	return ast.InterfaceToValue(object)
}

func decodeLine(line []byte, keep []string) (ast.Value, error) {
	records, err := newDecoder().page(page{objects: 1, lines: line}, plan.NewShape(keep...))
	if err != nil {
		return nil, err
	}
	return records.Objects()[0].Value, nil
}

// namesIn are the names of an object's members that a schema could have, which are UTF-8; none
// where it is no object.
func namesIn(line []byte) []string {
	var object map[string]any
	_ = json.Unmarshal(line, &object)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(object)), func(name string) bool { return strings.ContainsRune(name, '\ufffd') })
}

// FuzzDecode holds the decoder against encoding/json and OPA's own conversion.
func FuzzDecode(f *testing.F) {
	for _, line := range []string{
		`{}`, `{"id":"a","n":[1,-0.5e3,1e400,null,true,false,{"id":{"id":[]}}]}`, `{"id":"\u0041\ud83d\ude00\ud800","i\u0064":2}`,
		`{"id":1,"id":2,"n":{"a":1,"a":[2]}}`, "{\"id\":\"\xff\"}", `{"id":"` + strings.Repeat("long", 40) + `"}`, `{"drop":{"id":1},"id":3}`,
		`[]`, `{"id":`, `{"id":1}}`, `{"id":01}`, `null`, ``, `{"a":1}{"b":2}`, `{"id":"a` + "\n" + `"}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, keep := range [][]string{namesIn(line), {"id", "n"}} {
			got, err := decodeLine(line, keep)
			if err != nil {
				continue
			}
			want, slowly := decodeSlowly(line, keep)
			if slowly != nil {
				t.Fatalf("%q decodes to %s, and encoding/json says %v", line, got, slowly)
			}
			if got.Compare(want) != 0 || got.Hash() != want.Hash() {
				t.Errorf("%q decodes to %s, want %s", line, got, want)
			}
		}
	})
}

// TestDecodeRefuses: what is no object, or not as many as there are lines, is an error.
func TestDecodeRefuses(t *testing.T) {
	for _, line := range []string{`[]`, `null`, ``, `{"id":`, `{"id":1}}`, `{"id":1},`, `{"a":1}{"b":2}`, `{"id":01}`, `{"id":"a` + "\n" + `"}`, `{"id" 1}`, `{id:1}`, `"a"`, strings.Repeat(`{"a":`, 20000)} {
		if got, err := decodeLine([]byte(line), []string{"id", "a"}); err == nil {
			t.Errorf("%.40q decodes to %s, want an error", line, got)
		}
	}
}

// TestDecodeBoundsNumbers: a number that nobody can calculate with is an error, wherever it is.
func TestDecodeBoundsNumbers(t *testing.T) {
	for _, number := range []string{"1e9999999999", "1E+600000000", "-1e-600000000", "1e01000", "0e99999", "1" + strings.Repeat("0", 1000)} {
		for _, line := range []string{`{"id":` + number + `}`, `{"id":[{"n":` + number + `}]}`} {
			if got, err := decodeLine([]byte(line), []string{"id"}); err == nil {
				t.Errorf("%.40q decodes to %.40s, want an error", line, got)
			}
		}
	}
	for _, number := range []string{"1e999", "-1E-0999", "0.5", "1" + strings.Repeat("0", 400)} {
		if _, err := decodeLine([]byte(`{"id":`+number+`}`), []string{"id"}); err != nil {
			t.Errorf("%.40q: %v", number, err)
		}
	}
	if got, err := decodeLine([]byte(`{"drop":1e9999999999}`), nil); err != nil {
		t.Errorf("a member that isn't read decodes to %v, %v", got, err)
	}
}

// TestDecodeTakesObjects: odd objects are taken as encoding/json takes them.
func TestDecodeTakesObjects(t *testing.T) {
	for _, line := range []string{`{}`, ` { "id" : [ ] } `, `{"id":"\u0041\ud800"}`, `{"id":1,"id":2}`, "{\"id\":\"\xff\"}", `{"i\u0064":1e400}`} {
		want, err := decodeSlowly([]byte(line), []string{"id"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeLine([]byte(line), []string{"id"})
		if err != nil || got.Compare(want) != 0 {
			t.Errorf("%q decodes to %v, %v, want %s", line, got, err, want)
		}
	}
}

// TestWordsAreMadeOnce: a word that comes again is the same term.
func TestWordsAreMadeOnce(t *testing.T) {
	records, err := newDecoder().page(page{objects: 2, lines: []byte("{\"state\":\"Enabled\"}\n{\"state\":\"Enabled\"}\n")}, plan.NewShape("state"))
	if err != nil {
		t.Fatal(err)
	}
	objects, state := records.Objects(), ast.StringTerm("state")
	if a, b := objects[0].Value.(ast.Object).Get(state), objects[1].Value.(ast.Object).Get(state); a != b {
		t.Error("the same word was made twice")
	}
}
