package remediation_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/domicile-audit/domicile/remediation"
)

func TestHolds(t *testing.T) {
	tests := []struct {
		state, want string
		holds       bool
	}{
		{`{"a":1,"b":2}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":1}`, `{"a":1,"b":null}`, true},
		{`{"a":1,"b":2}`, `{"b":null}`, false},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"b":1}}`, true},
		{`{"a":["x","y"]}`, `{"a":["y","x"]}`, true},
		{`{"a":["x","y"]}`, `{"a":["x"]}`, false},
		{`{"a":["x","x"]}`, `{"a":["x","y"]}`, false},
		{`{"a":[{"q":1,"r":null}]}`, `{"a":[{"q":1}]}`, true},
		{`{"a":[]}`, `{"a":null}`, false},
		{`{}`, `{"a":[]}`, false},
		{`{"a":"1"}`, `{"a":1}`, false},
		{`{"a":false}`, `{"a":null}`, false},
		{`null`, `null`, true},
		{`null`, `{"a":1}`, false},
		{`{}`, `null`, false},
		{``, `null`, true},
	}
	for _, tt := range tests {
		if got, err := remediation.Holds(tt.state, tt.want); err != nil || got != tt.holds {
			t.Errorf("holds(%s, %s) = %v, %v, want %v", tt.state, tt.want, got, err, tt.holds)
		}
	}
	if _, err := remediation.Holds(`{"a":`, `null`); err == nil {
		t.Error("broken JSON holds something")
	}
}

// FuzzJournal holds that a journal is read in whole lines or refused.
func FuzzJournal(f *testing.F) {
	tenant := newTenant()
	run := tenant.run(f)
	apply(f, run)
	journal, err := os.ReadFile(run.Journal)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(journal)
	f.Add(journal[:len(journal)-3])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, err := remediation.ReadJournal(data)
		if err != nil {
			return
		}
		if want := int64(bytes.LastIndexByte(data, '\n') + 1); whole != want {
			t.Errorf("%d bytes are whole lines, want %d", whole, want)
		}
	})
}
