package policies_test

import (
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
)

func TestWaiverDays(t *testing.T) {
	set, err := policies.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		value any
		want  int
		says  string
	}{
		{nil, findings.DefaultWaiverDays, ""},
		{uint64(30), 30, ""},
		{uint64(0), 0, "from 1 on"},
		{int64(-1), 0, "from 1 on"},
		{"30", 0, "not of type integer"},
	} {
		got, err := set.WaiverDays(map[string]any{policies.WaiverMaxDays: tt.value})
		if got != tt.want || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("WaiverDays(%v) = %d, %v, want %d and an error that says %q", tt.value, got, err, tt.want, tt.says)
		}
	}
}
