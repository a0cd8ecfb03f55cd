package plan_test

import (
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/internal/plan"
)

// TestRecordsAreReadWhenAsked: of a page's strings those are read that a rule asks for, each once,
// and a member that a record doesn't have is none.
func TestRecordsAreReadWhenAsked(t *testing.T) {
	planned, paths, _ := prepare(t, "observed", "some_outside", "first")
	source, read := []byte("12DEUS"), map[string]int{}
	records := plan.NewRecords(plan.NewShape("id", "name", "place"), 2, source, func(text []byte) *ast.Term {
		read[string(text)]++
		return ast.StringTerm(string(text))
	})
	for i := range 2 {
		records.Add()
		records.SetText(0, i, i+1)
		records.SetText(2, 2+2*i, 4+2*i)
	}
	input := plan.Object(ast.Item(ast.StringTerm("users"), records.List()))
	values, err := planned.Eval(t.Context(), time.Unix(0, 0), input, paths...)
	if err != nil {
		t.Fatal(err)
	}
	if want := ast.MustParseTerm(`{"DE", "US"}`); !values[0].Equal(want) || values[1] == nil || values[2] != nil {
		t.Errorf("values %v, want %v, true and none", values, want)
	}
	if len(read) != 2 || read["DE"] != 1 || read["US"] != 1 {
		t.Errorf("read %v, want each place once", read)
	}
	if want := ast.MustParseTerm(`{"users": [{"id": "1", "place": "DE"}, {"id": "2", "place": "US"}]}`); !plan.Made(input).Equal(want) {
		t.Errorf("made %v, want %v", input, want)
	}
}
