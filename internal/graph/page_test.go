package graph_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/internal/graph"
)

const oDataNext = "@odata.nextLink"

func TestParsePage(t *testing.T) {
	tests := []struct {
		name  string
		body  string
		items []string
		count int
		next  string
		err   string
	}{
		{"empty value", `{"value":[]}`, nil, -1, "", ""},
		{"space", " {\t\"value\" :\n[ { } ,\r{\"a\" : [ ] } ] } ", []string{`{ }`, `{"a" : [ ] }`}, -1, "", ""},
		{"count", `{"@odata.count":7,"value":[]}`, nil, 7, "", ""},
		{"count after the value, as a string", `{"value":[{}],"@odata.count":"12"}`, []string{`{}`}, 12, "", ""},
		{"no count", `{"value":[],"@odata.count":null}`, nil, -1, "", ""},
		{"next", `{"@odata.nextLink":"https:\/\/h\/\u0061","value":[]}`, nil, -1, "https://h/a", ""},
		{"escaped keys", `{"v\u0061lue":[{"value":1}],"\u0040odata.count":2}`, []string{`{"value":1}`}, 2, "", ""},
		{"nested names", `{"a":{"value":[1],"@odata.nextLink":"x"},"value":[{"value":[{}]}]}`, []string{`{"value":[{}]}`}, -1, "", ""},
		{"braces in strings", `{"value":[{"a":"}]\"{["},{"b":"\\"}]}`, []string{`{"a":"}]\"{["}`, `{"b":"\\"}`}, -1, "", ""},
		{"numbers and words", `{"value":[{"a":[-0,1.5e+10,0.1E-2,true,false,null,12]}]}`, []string{`{"a":[-0,1.5e+10,0.1E-2,true,false,null,12]}`}, -1, "", ""},
		{"no value", `{}`, nil, 0, "", "it has no value"},
		{"an error instead", `{"error":{"code":"x"}}`, nil, 0, "", "it has no value"},
		{"value of another kind", `{"value":{}}`, nil, 0, "", "its value is no array"},
		{"no value at all", `{"value":null}`, nil, 0, "", "its value is no array"},
		{"two values", `{"value":[{}],"value":[]}`, nil, 0, "", "it has two values"},
		{"no objects", `{"value":["a"]}`, nil, 0, "", "its value holds something that is no object"},
		{"no object", `[]`, nil, 0, "", "the JSON is broken at byte 0"},
		{"count of another kind", `{"@odata.count":1.5,"value":[]}`, nil, 0, "", "its @odata.count is no number"},
		{"negative count", `{"@odata.count":-1,"value":[]}`, nil, 0, "", "its @odata.count is no number"},
		{"huge count", `{"@odata.count":99999999999,"value":[]}`, nil, 0, "", "its @odata.count is no number"},
		{"next of another kind", `{"@odata.nextLink":{},"value":[]}`, nil, 0, "", "its link to the next page is no string"},
		{"changes of another kind", `{"@odata.deltaLink":1,"value":[]}`, nil, 0, "", "its link to the changes is no string"},
		{"cut off", `{"value":[{"a":1}`, nil, 0, "", "the JSON ends too early"},
		{"cut off in a string", `{"value":[{"a":"1`, nil, 0, "", "the JSON ends too early"},
		{"something after it", `{"value":[]} {}`, nil, 0, "", "the JSON is broken at byte 13"},
		{"nothing", ``, nil, 0, "", "the JSON ends too early"},
		{"a comma too many", `{"value":[{},]}`, nil, 0, "", "its value holds something that is no object"},
		{"a comma too many in an object", `{"value":[{"a":1,}]}`, nil, 0, "", "the JSON is broken at byte 17"},
		{"leading zero", `{"value":[{"a":01}]}`, nil, 0, "", "the JSON is broken at byte 16"},
		{"bare escape", `{"value":[{"a":"\x"}]}`, nil, 0, "", "the JSON is broken at byte 16"},
		{"control character", "{\"value\":[{\"a\":\"\n\"}]}", nil, 0, "", "the JSON is broken at byte 16"},
		{"too deep", `{"value":[{"a":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}]}`, nil, 0, "", "the JSON is nested too deeply"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, count, next, err := graph.ParsePage([]byte(tt.body), oDataNext, []json.RawMessage{})
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("ParsePage() = %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("ParsePage() = %v", err)
			}
			var got []string
			for _, item := range items {
				got = append(got, string(item))
			}
			if items == nil || !cmp.Equal(got, tt.items) || count != tt.count || next != tt.next {
				t.Errorf("ParsePage() = %q, %d, %q, want %q, %d, %q", got, count, next, tt.items, tt.count, tt.next)
			}
		})
	}
}

// TestParsePageKnowsCompactObjects, and white space between the objects is none in them.
func TestParsePageKnowsCompactObjects(t *testing.T) {
	for body, want := range map[string]bool{
		`{"value":[]}`: true,
		` { "value" : [ {"a":[1,{"b":"c d"}],"e":null} , {} ] } `: true,
		`{"value":[{"a": 1}]}`:                       false,
		`{"value":[{ },{"a":1}]}`:                    false,
		`{"value":[{"a":1},{"a":[1,2` + "	" + `]}]}`: false,
		`{"value":[{"a":1}],"b":{"c" :1}}`:           true,
	} {
		if got := graph.Compact([]byte(body)); got != want {
			t.Errorf("compact of %s = %v, want %v", body, got, want)
		}
	}
}

// FuzzParsePage compares the parser with encoding/json.
func FuzzParsePage(f *testing.F) {
	for _, seed := range []string{
		`{"value":[]}`, `{"@odata.count":3,"@odata.nextLink":"https://h/x","value":[{"id":"1","a":[1,2.5e3,null,true]},{}]}`,
		`{"value":[{"a":"\u00e4\\\""}],"nextLink":""}`, `{"v\u0061lue":[{}]}`, `{"value":[{"a":1}`, `<html></html>`, ` [1, 2] `, `"x"`, `-1.0E+2`,
		`{"value":[{}],"value":[]}`, "{\"value\":[{\"a\":\"\xff\"}]}", `nul`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) < 900 {
			if got, want := graph.ValidJSON(body) == nil, json.Valid(body); got != want {
				t.Errorf("ValidJSON(%q) = %v, want %v", body, got, want)
			}
		}
		items, count, next, err := graph.ParsePage(body, oDataNext, nil)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("ParsePage(%q) takes what is no JSON", body)
		}
		if !utf8.Valid(body) {
			return // encoding/json replaces what is no UTF-8
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatal(err)
		}
		var want []json.RawMessage
		if err := json.Unmarshal(fields["value"], &want); err != nil {
			t.Fatalf("ParsePage(%q) takes a value that is no array: %v", body, err)
		}
		if len(items) != len(want) {
			t.Fatalf("ParsePage(%q) has %d objects, want %d", body, len(items), len(want))
		}
		compact := graph.Compact(body)
		for i := range items {
			var packed bytes.Buffer
			if err := json.Compact(&packed, items[i]); err != nil || compact && !bytes.Equal(packed.Bytes(), items[i]) {
				t.Errorf("ParsePage(%q) takes the object %s for compact (%v)", body, items[i], err)
			}
			if !bytes.Equal(items[i], want[i]) {
				t.Errorf("ParsePage(%q) has the object %s, want %s", body, items[i], want[i])
			}
		}
		var wantNext string
		if raw, ok := fields[oDataNext]; ok {
			if err := json.Unmarshal(raw, &wantNext); err != nil || next != wantNext {
				t.Errorf("ParsePage(%q) leads to %q, want %q", body, next, wantNext)
			}
		}
		if _, ok := fields["@odata.count"]; !ok && count != -1 {
			t.Errorf("ParsePage(%q) counts %d, want none", body, count)
		}
	})
}

// userPage is a page of n users of about 500 bytes each.
func userPage(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=x","value":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"%08d-0000-4000-8000-000000000000","userPrincipalName":"user%d@contoso.example","accountEnabled":true,"userType":"Member","usageLocation":"DE",`+
			`"assignedLicenses":[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","disabledPlans":[]}],"assignedPlans":[{"assignedDateTime":"2026-01-01T00:00:00Z",`+
			`"capabilityStatus":"Enabled","service":"WindowsDefenderATP","servicePlanId":"871d91ec-ec1a-452b-a83f-bd76c7d770ef"}],"displayName":"Jos\u00e9 %d"}`, i, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// TestParsePageAllocations holds the parser to at most two allocations an object, of
// which it needs none.
func TestParsePageAllocations(t *testing.T) {
	body, room := userPage(999), make([]json.RawMessage, 0, 999)
	allocations := testing.AllocsPerRun(5, func() {
		if items, _, _, err := graph.ParsePage(body, oDataNext, room); err != nil || len(items) != 999 {
			t.Fatalf("ParsePage() = %d objects, %v", len(items), err)
		}
	})
	if perObject := allocations / 999; perObject > 0.1 {
		t.Errorf("ParsePage() makes %.2f allocations an object, want next to none", perObject)
	}
}

func BenchmarkParsePage(b *testing.B) {
	const objects = 999
	body, room := userPage(objects), make([]json.RawMessage, 0, objects)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := graph.ParsePage(body, oDataNext, room); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/objects, "ns/object")
}

// FuzzClaims: no access token makes the reader panic, and no error repeats one.
func FuzzClaims(f *testing.F) {
	for _, payload := range []string{`{"appid":"a","roles":["b"],"scp":"c d"}`, `{"azp":"a","roles":"b"}`, `[`, ``} {
		f.Add("e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln")
	}
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := graph.AppID(token); err != nil && len(token) > 80 && strings.Contains(err.Error(), token) {
			t.Errorf("the error %v repeats the token", err)
		}
	})
}
