package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/web"
)

// document is the API's own description, valid as OpenAPI 3.1.
func document(t *testing.T, handler http.Handler) *openapi3.T {
	t.Helper()
	answer := get(t, handler, "/api/v1/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData(answer.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("openapi.json is not OpenAPI 3.1: %v", err)
	}
	return doc
}

// TestAPIIsWhatItSays drives every operation, and holds every answer to the document.
func TestAPIIsWhatItSays(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	doc := document(t, handler)
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	uploads := map[string]error{
		"tampered": &evidence.TamperedError{File: "users.ndjson", What: "its sha256 is not the one in the manifest"}, "text": evidence.ErrNotPacked, "foreign": fmt.Errorf("tenant: %w", fleet.ErrNoTenant),
		"newer": fmt.Errorf("unpacking /secret/path: %w", &evidence.UnreadableError{Why: "reading manifest.json: its format version is 99"}), "ahead": fleet.ErrAhead, "unsigned": fmt.Errorf("the bundle %w", scan.ErrUnsigned),
		"pseudonyms": fmt.Errorf("judging: %w", scan.ErrOtherPseudonyms), "fault": errors.New("the disk /secret/path is full"),
	}
	s.engine.upload = func(data []byte) (history.Scan, error) {
		if err := uploads[string(data)]; err != nil {
			return history.Scan{}, err
		}
		return s.store.Scan(context.Background(), "", 1)
	}
	if err := os.WriteFile(filepath.Join(s.options.Plans, "broken.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	named := paths(t, s)
	_, waived, _ := strings.Cut(named["finding-waived"], "/findings/")
	_, gone, _ := strings.Cut(named["finding-gone"], "/findings/")
	open, err := s.store.OpenFindings(t.Context(), history.OpenQuery{Tenant: tenantID(1), Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	one := tenantID(1)
	requests := []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/openapi.json", "", 200},
		{"GET", "/tenants", "", 200},
		{"GET", "/tenants?group=europe", "", 200},
		{"GET", "/tenants/" + one, "", 200},
		{"GET", "/tenants/" + strings.ToUpper(one), "", 200},
		{"GET", "/tenants/" + tenantID(4), "", 200},
		{"GET", "/tenants/" + tenantID(9), "", 404},
		{"GET", "/tenants/" + one + "/trend", "", 200},
		{"GET", "/scans", "", 200},
		{"GET", "/scans?limit=2&tenant=" + one, "", 200},
		{"GET", "/scans?cursor=x", "", 400},
		{"GET", "/scans?cursor=9999", "", 404},
		{"GET", "/scans/1", "", 200},
		{"GET", "/scans/9999", "", 404},
		{"GET", "/scans/1/result", "", 200},
		{"GET", "/findings", "", 200},
		{"GET", "/findings?limit=3&severity=high&outcome=fail&rule=GEO1009&tenant=" + one, "", 200},
		{"GET", "/findings?severity=dire", "", 400},
		{"GET", "/findings?limit=0", "", 400},
		{"GET", "/findings?cursor=%25", "", 400},
		{"GET", "/tenants/" + one + "/findings/" + open[0].Finding.Fingerprint, "", 200},
		{"GET", "/tenants/" + one + "/findings/" + waived, "", 200},
		{"GET", "/tenants/" + tenantID(2) + "/findings/" + gone, "", 200},
		{"GET", "/tenants/" + one + "/findings/00", "", 404},
		{"GET", "/rules", "", 200},
		{"GET", "/rules/" + open[0].Finding.Rule, "", 200},
		{"GET", "/rules/NONE1001", "", 404},
		{"GET", "/attestations", "", 200},
		{"GET", "/attestations?tenant=" + one, "", 200},
		{"GET", "/plans", "", 200},
		{"GET", "/plans/contoso.json", "", 200},
		{"GET", "/plans/broken.json", "", 409},
		{"GET", "/plans/none.json", "", 404},
		{"GET", "/waivers", "", 200},
		{"GET", "/waivers?tenant=" + one, "", 200},
		{"GET", "/jobs", "", 200},
		{"GET", "/jobs?state=failed&limit=1", "", 200},
		{"GET", "/jobs?state=odd", "", 400},
		{"GET", "/jobs/44", "", 200},
		{"GET", "/jobs/9", "", 404},
		{"GET", "/jobs/44/log", "", 200},
		{"POST", "/tenants/" + one + "/scans", "", 202},
		{"POST", "/tenants/" + tenantID(2) + "/scans", "", 409},
		{"POST", "/tenants/" + tenantID(9) + "/scans", "", 404},
		{"POST", "/bundles", "whole", 201},
		{"POST", "/bundles", "tampered", 422},
		{"POST", "/bundles", "text", 415},
		{"POST", "/bundles", "foreign", 422},
		{"POST", "/bundles", "newer", 422},
		{"POST", "/bundles", "ahead", 422},
		{"POST", "/bundles", "unsigned", 422},
		{"POST", "/bundles", "pseudonyms", 422},
		{"POST", "/bundles", "fault", 500},
	}
	driven := map[string]bool{}
	for _, tt := range requests {
		request := httptest.NewRequestWithContext(t.Context(), tt.method, "/api/v1"+tt.path, strings.NewReader(tt.body))
		request.Host = "localhost:8080"
		if tt.body != "" {
			request.Header.Set("Content-Type", "application/zstd")
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != tt.want {
			t.Errorf("%s %s = %d %s, want %d", tt.method, tt.path, answer.Code, answer.Body, tt.want)
			continue
		}
		if strings.Contains(answer.Body.String(), "/secret/path") {
			t.Errorf("%s %s shows what only the log should: %s", tt.method, tt.path, answer.Body)
		}
		route, params, err := router.FindRoute(request)
		if err != nil {
			t.Errorf("%s %s is not in the document: %v", tt.method, tt.path, err)
			continue
		}
		driven[tt.method+" "+route.Path] = true
		input := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route},
			Status:                 answer.Code, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())),
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		}
		if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
			t.Errorf("%s %s is not what the document says: %v", tt.method, tt.path, err)
		}
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
			if !driven[method+" "+path] {
				t.Errorf("the test doesn't drive %s %s", method, path)
			}
		}
	}
	slices.Sort(described)
	if served := web.APIRoutes(); !slices.Equal(described, served) {
		t.Errorf("the document describes\n%q and the server serves\n%q", described, served)
	}
}

// TestAPIPages: following next gives every item once.
func TestAPIPages(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	for path, parameter := range map[string]string{"/api/v1/scans": "cursor", "/api/v1/findings": "cursor", "/api/v1/jobs": "before"} {
		all := fetch(t, handler, path+"?limit=1000").Items
		var got []json.RawMessage
		next := ""
		for range len(all) + 1 {
			page := fetch(t, handler, path+"?limit=2&"+parameter+"="+next)
			got = append(got, page.Items...)
			if next = page.Next; next == "" {
				break
			}
		}
		if len(all) < 3 || !slices.EqualFunc(got, all, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Errorf("%s: %d items page by page, want the %d of one page", path, len(got), len(all))
		}
	}
}

type anyPage struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
}

func fetch(t *testing.T, handler http.Handler, path string) (page anyPage) {
	t.Helper()
	answer := get(t, handler, path)
	if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("GET %s = %d, %v: %s", path, answer.Code, err, answer.Body)
	}
	return page
}

// TestConditional: who has an answer already isn't sent it again, and result.json is what was
// recorded.
func TestConditional(t *testing.T) {
	s := newSite(t)
	var recorded bytes.Buffer
	result := scanned(t, "weak", 1, "Contoso", now(), 0)
	if err := result.Write(&recorded); err != nil {
		t.Fatal(err)
	}
	s.record(t, result, nil)
	handler := s.handler(t)
	first := get(t, handler, "/api/v1/scans/1/result")
	if !bytes.Equal(first.Body.Bytes(), recorded.Bytes()) {
		t.Error("result.json is not what was recorded")
	}
	tag := first.Header().Get("ETag")
	for header, want := range map[string]int{tag: 304, `"other", W/` + tag: 304, "*": 304, `"other"`: 200} {
		if again := get(t, handler, "/api/v1/scans/1/result", "If-None-Match", header); again.Code != want || (want == 304) != (again.Body.Len() == 0) {
			t.Errorf("If-None-Match: %s = %d with %d bytes, want %d", header, again.Code, again.Body.Len(), want)
		}
	}
	file := get(t, handler, "/scans/1/files/json")
	if _, err := findings.Read(file.Body); err != nil || file.Header().Get("Content-Disposition") != "attachment; filename=domicile-1-result.json" {
		t.Errorf("the file is %v, %q", err, file.Header().Get("Content-Disposition"))
	}
}

// TestAPIDetails: the API says what the pages say.
func TestAPIDetails(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	handler := s.handler(t)
	read := func(path string, into any) {
		t.Helper()
		answer := get(t, handler, "/api/v1"+path)
		if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil || answer.Code != http.StatusOK {
			t.Fatalf("GET %s = %d, %v", path, answer.Code, err)
		}
	}
	var plans struct {
		Items []struct {
			Name, State string
			Changes     map[string]int
		}
	}
	read("/plans", &plans)
	if len(plans.Items) != 1 || plans.Items[0].State != "waiting" || plans.Items[0].Changes["high"] != 6 {
		t.Errorf("the plans are %+v", plans)
	}
	text, err := os.ReadFile(filepath.Join(s.options.Plans, "contoso.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, handler, "/api/v1/plans/contoso.json").Body.Bytes(); !bytes.Equal(got, text) {
		t.Error("the plan is not its file")
	}
	var rule struct {
		Outcomes []struct{ Name, Outcome string }
	}
	read("/rules/GEO1002", &rule)
	if len(rule.Outcomes) != 3 || rule.Outcomes[0].Name != "Contoso" || rule.Outcomes[0].Outcome != "fail" {
		t.Errorf("the rule came to %+v", rule.Outcomes)
	}
	var attested struct{ Unread int }
	read("/attestations", &attested)
	if attested.Unread != 3 {
		t.Errorf("of %d tenants the evidence is not kept, want 3", attested.Unread)
	}
	_, gone, _ := strings.Cut(paths(t, s)["finding-gone"], "/tenants/")
	var finding struct {
		Open      bool
		Says      string
		Evidence  []struct{ Kind string }
		Sightings []struct{ From, Until time.Time }
	}
	read("/tenants/"+gone, &finding)
	if finding.Open || !strings.Contains(finding.Says, "didn't find this") || len(finding.Evidence) == 0 || len(finding.Sightings) == 0 || finding.Sightings[0].Until.IsZero() {
		t.Errorf("the finding is %+v", finding)
	}
}
