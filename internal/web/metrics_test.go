package web_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/domicile-audit/domicile/internal/config"
)

// TestMetricsAreForThoseWhoMayRead: they name tenants.
func TestMetricsAreForThoseWhoMayRead(t *testing.T) {
	s := newSite(t)
	if answer := get(t, s.handler(t), "/metrics"); answer.Code != http.StatusNotFound {
		t.Errorf("without metrics the answer is %d", answer.Code)
	}
	s.options.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "domicile_up 1\n") })
	for name, tt := range map[string]struct {
		signIn bool
		header []string
		want   int
	}{
		"this machine":           {false, nil, http.StatusOK},
		"another site's name":    {false, []string{"Host", "evil.example"}, http.StatusMisdirectedRequest},
		"nobody signed in":       {true, nil, http.StatusSeeOther},
		"a machine":              {true, []string{"Authorization", "Bearer hunter2"}, http.StatusOK},
		"a token that isn't one": {true, []string{"Authorization", "Bearer hunter3"}, http.StatusUnauthorized},
	} {
		s.options.Config = config.Dashboard{}
		if tt.signIn {
			s.options.Config.SignIn = &config.SignIn{Issuer: "https://login.example", ClientID: "app"}
			s.options.Config.Tokens = []config.Token{{Name: "prometheus", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("hunter2"))), Role: "reader"}}
		}
		answer := get(t, s.handler(t), "/metrics", tt.header...)
		if answer.Code != tt.want || (answer.Body.String() == "domicile_up 1\n") != (tt.want == http.StatusOK) {
			t.Errorf("%s: the answer is %d %q, want %d", name, answer.Code, answer.Body, tt.want)
		}
	}
}
