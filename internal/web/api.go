package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/reports"
)

// apiRoot is where the API stands.
const apiRoot = "/api/v1"

//go:embed openapi.json
var openAPI embed.FS

// api lists the API: what openapi.json describes, and nothing else.
func (s *Server) api() []route {
	get, post := http.MethodGet, http.MethodPost
	return []route{
		{get, "/openapi.json", nobody, s.apiDocument, 0},
		{get, "/tenants", reader, s.apiTenants, 0},
		{get, "/tenants/{tenant}", reader, s.apiTenant, 0},
		{get, "/tenants/{tenant}/trend", reader, s.apiTrend, 0},
		{post, "/tenants/{tenant}/scans", operator, s.apiStart, maxForm},
		{get, "/scans", reader, s.apiScans, 0},
		{get, "/scans/{scan}", reader, s.apiScan, 0},
		{get, "/scans/{scan}/result", reader, s.apiResult, 0},
		{get, "/findings", reader, s.apiFindings, 0},
		{get, "/tenants/{tenant}/findings/{fingerprint}", reader, s.apiFinding, 0},
		{get, "/rules", reader, s.apiRules, 0},
		{get, "/rules/{rule}", reader, s.apiRule, 0},
		{get, "/waivers", reader, s.apiWaivers, 0},
		{get, "/attestations", reader, s.apiAttestations, 0},
		{get, "/plans", reader, s.apiPlans, 0},
		{get, "/plans/{plan}", reader, s.apiPlan, 0},
		{get, "/jobs", reader, s.apiJobs, 0},
		{get, "/jobs/{job}", reader, s.apiJob, 0},
		{get, "/jobs/{job}/log", reader, s.apiLog, 0},
		{post, "/bundles", operator, s.apiUpload, maxUpload},
	}
}

// problem answers with what is wrong (RFC 9457).
func problem(w http.ResponseWriter, status int, detail string) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="domicile"`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}) // nobody is left to be told of an error
}

// answer writes JSON. Who has the same already is told so.
func answer(w http.ResponseWriter, r *http.Request, status int, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return answerBytes(w, r, status, append(data, '\n'))
}

func answerBytes(w http.ResponseWriter, r *http.Request, status int, data []byte) error {
	sum := sha256.Sum256(data)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	w.Header().Set("Cache-Control", "private, no-cache")
	if status == http.StatusOK {
		w.Header().Set("ETag", tag)
		if fits(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) //nolint:gosec // G705: JSON, which no browser takes for a page (nosniff); nobody is left to be told of an error
	return nil
}

// fits says whether an If-None-Match header names a tag (RFC 9110, 13.1.2).
func fits(header, tag string) bool {
	for _, one := range strings.Split(header, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// list is a page of a list; Next is the cursor of the next one, empty on the last.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

func (s *Server) apiDocument(w http.ResponseWriter, r *http.Request, _ visitor) error {
	data, err := openAPI.ReadFile("openapi.json")
	if err != nil {
		return err
	}
	return answerBytes(w, r, http.StatusOK, data)
}

// tenantItem is a tenant in the API.
type tenantItem struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Title      string           `json:"title"`
	Cloud      string           `json:"cloud"`
	Groups     []string         `json:"groups"`
	Configured bool             `json:"configured"`
	Scan       int64            `json:"scan,omitempty"`
	Last       time.Time        `json:"last,omitzero"`
	Next       time.Time        `json:"next,omitzero"`
	Numbers    *history.Numbers `json:"numbers,omitempty"`
	Change     changeItem       `json:"change"`
	Job        *fleet.Job       `json:"job,omitempty"`
	Failed     *fleet.Job       `json:"failed,omitempty"`
	Overdue    time.Time        `json:"overdue,omitzero"`
}

type changeItem struct {
	Compared bool   `json:"compared"`
	Worse    bool   `json:"worse"`
	Says     string `json:"says"`
}

func itemOf(row tenantRow) tenantItem {
	return tenantItem{
		row.ID, row.Name, row.Title, row.Cloud, append([]string{}, row.Groups...), row.Configured, row.Scan, row.Last, row.Next, row.Numbers,
		changeItem{row.Change.Compared, row.Change.Worse, row.Change.Says},
		row.Job, row.Failed, row.Overdue,
	}
}

func (s *Server) apiTenants(w http.ResponseWriter, r *http.Request, _ visitor) error {
	rows, err := s.tenantRows(r.Context())
	if err != nil {
		return err
	}
	out := list[tenantItem]{Items: []tenantItem{}}
	for _, row := range rows {
		if group := r.URL.Query().Get("group"); group == "" || slices.Contains(row.Groups, group) {
			out.Items = append(out.Items, itemOf(row))
		}
	}
	return answer(w, r, http.StatusOK, out)
}

func (s *Server) apiTenant(w http.ResponseWriter, r *http.Request, _ visitor) error {
	row, configured, err := s.tenantOf(r.Context(), r.PathValue("tenant"))
	if err != nil {
		return err
	}
	if configured != nil {
		if err := s.addRecent(r.Context(), &row, configured.Name); err != nil {
			return err
		}
	}
	return answer(w, r, http.StatusOK, itemOf(row))
}

func (s *Server) apiTrend(w http.ResponseWriter, r *http.Request, _ visitor) error {
	row, _, err := s.tenantOf(r.Context(), r.PathValue("tenant"))
	if err != nil {
		return err
	}
	points, err := s.Store.Trend(r.Context(), row.ID, trendScans)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, list[history.Point]{Items: append([]history.Point{}, points...)})
}

func (s *Server) apiStart(w http.ResponseWriter, r *http.Request, who visitor) error {
	job, err := s.start(r.Context(), r.PathValue("tenant"), who)
	if err != nil && !errors.Is(err, fleet.ErrUnderWay) {
		return err
	}
	w.Header().Set("Location", fmt.Sprintf("%s/jobs/%d", apiRoot, job.ID))
	if err != nil {
		return refuse(http.StatusConflict, "A scan of this tenant is under way: job %d.", job.ID)
	}
	return answer(w, r, http.StatusAccepted, job)
}

// limitOf is how many items a request asks for.
func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 100, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > 1000 {
		return 0, refuse(http.StatusBadRequest, "limit is not a number from 1 to 1000.")
	}
	return limit, nil
}

func (s *Server) apiScans(w http.ResponseWriter, r *http.Request, _ visitor) error {
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	page := history.Page{Tenant: r.URL.Query().Get("tenant"), Limit: limit + 1}
	if text := r.URL.Query().Get("cursor"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return refuse(http.StatusBadRequest, "The cursor is none that this server gave.")
		}
		scan, err := s.Store.Scan(r.Context(), page.Tenant, id)
		if err != nil {
			return noScan(err)
		}
		page.Before = &scan
	}
	scans, err := s.Store.Scans(r.Context(), page)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, pageOf(scans, limit, func(scan history.Scan) string { return strconv.FormatInt(scan.ID, 10) }))
}

// pageOf is a page of items of which one more than the limit was read.
func pageOf[T any](items []T, limit int, next func(T) string) list[T] {
	out := list[T]{Items: append([]T{}, items...)}
	if len(items) > limit {
		out.Items = items[:limit]
		out.Next = next(items[limit-1])
	}
	return out
}

func (s *Server) apiScan(w http.ResponseWriter, r *http.Request, _ visitor) error {
	scan, err := s.scanNamed(r)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, scan)
}

func (s *Server) apiResult(w http.ResponseWriter, r *http.Request, _ visitor) error {
	_, document, err := s.scanOf(r)
	if err != nil {
		return err
	}
	return answerBytes(w, r, http.StatusOK, document)
}

// findingItem is a finding in the API.
type findingItem struct {
	Tenant    string           `json:"tenant"`
	FirstSeen time.Time        `json:"firstSeen"`
	Since     time.Time        `json:"since"`
	Finding   findings.Finding `json:"finding"`
}

func (s *Server) apiFindings(w http.ResponseWriter, r *http.Request, _ visitor) error {
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	after, err := placeOf(query.Get("cursor"))
	if err != nil {
		return err
	}
	of := history.OpenQuery{
		Tenant: query.Get("tenant"), Rule: query.Get("rule"), Severity: findings.Severity(query.Get("severity")), Outcome: findings.Outcome(query.Get("outcome")), After: after, Limit: limit + 1,
	}
	if of.Severity != "" && !slices.Contains(findings.Severities(), of.Severity) || of.Outcome != "" && of.Outcome != findings.Fail && of.Outcome != findings.Waived {
		return refuse(http.StatusBadRequest, "severity is critical, high, medium, low or info, and outcome fail or waived.")
	}
	open, err := s.Store.OpenFindings(r.Context(), of)
	if err != nil {
		return err
	}
	page := pageOf(open, limit, func(one history.OpenFinding) string { return cursor(one.Place) })
	out := list[findingItem]{Items: make([]findingItem, 0, len(page.Items)), Next: page.Next}
	for _, one := range page.Items {
		out.Items = append(out.Items, findingItem{one.Tenant, one.FirstSeen, one.Since, one.Finding})
	}
	return answer(w, r, http.StatusOK, out)
}

// ruleItem is a rule in the API, with how many tenants it came to what in.
type ruleItem struct {
	ID       string                   `json:"id"`
	Title    string                   `json:"title"`
	Topic    string                   `json:"topic"`
	Severity findings.Severity        `json:"severity"`
	Tenants  map[findings.Outcome]int `json:"tenants"`
}

func itemOfRule(row ruleRow) ruleItem {
	return ruleItem{row.ID, row.Title, row.Topic, row.Severity, row.Counts}
}

func (s *Server) apiRules(w http.ResponseWriter, r *http.Request, _ visitor) error {
	rows, _, err := s.ruleRows(r.Context())
	if err != nil {
		return err
	}
	out := list[ruleItem]{Items: []ruleItem{}}
	for _, row := range rows {
		out.Items = append(out.Items, itemOfRule(row))
	}
	return answer(w, r, http.StatusOK, out)
}

type waiverItem struct {
	Tenant string          `json:"tenant"`
	Waiver findings.Waiver `json:"waiver"`
}

func (s *Server) apiWaivers(w http.ResponseWriter, r *http.Request, _ visitor) error {
	judged, err := s.Store.Judgements(r.Context(), r.URL.Query().Get("tenant"))
	if err != nil {
		return err
	}
	out := list[waiverItem]{Items: []waiverItem{}}
	for _, one := range s.waiversOf(judged) {
		out.Items = append(out.Items, waiverItem{one.Tenant, one.Waiver})
	}
	return answer(w, r, http.StatusOK, out)
}

func (s *Server) apiJobs(w http.ResponseWriter, r *http.Request, _ visitor) error {
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	query, err := jobQuery(r, limit+1)
	if err != nil {
		return err
	}
	jobs, err := s.Engine.Jobs(r.Context(), query)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, pageOf(jobs, limit, func(job fleet.Job) string { return strconv.FormatInt(job.ID, 10) }))
}

func (s *Server) apiJob(w http.ResponseWriter, r *http.Request, _ visitor) error {
	job, err := s.jobOf(r)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, job)
}

func (s *Server) apiLog(w http.ResponseWriter, r *http.Request, _ visitor) error {
	job, err := s.jobOf(r)
	if err != nil {
		return err
	}
	log, err := s.Engine.Log(r.Context(), job.ID)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, list[fleet.LogLine]{Items: append([]fleet.LogLine{}, log...)})
}

// uploadTerm is how long the sending of a bundle may take.
const uploadTerm = 30 * time.Minute

// apiUpload takes in a packed bundle, which the engine verifies before it judges it.
func (s *Server) apiUpload(w http.ResponseWriter, r *http.Request, who visitor) error {
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	default:
		w.Header().Set("Retry-After", "60")
		return refuse(http.StatusServiceUnavailable, "%d bundles are being taken in. Try again in a minute.", maxUploads)
	}
	// A bundle takes longer than other requests may.
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(s.Now().Add(uploadTerm)), control.SetWriteDeadline(s.Now().Add(uploadTerm))); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	scan, err := s.Engine.Upload(r.Context(), r.Body, who.Name)
	if err != nil {
		return uploadError(err)
	}
	w.Header().Set("Location", fmt.Sprintf("%s/scans/%d", apiRoot, scan.ID))
	return answer(w, r, http.StatusCreated, scan)
}

// uploadError tells what is wrong with a bundle, where that is the sender's to mend.
func uploadError(err error) error {
	var tampered *evidence.TamperedError
	var unreadable *evidence.UnreadableError
	switch {
	case errors.As(err, &tampered):
		return refuse(http.StatusUnprocessableEntity, "The bundle is not as it was written: %s: %s.", reports.CleanName(tampered.File), reports.CleanText(tampered.What))
	case errors.As(err, &unreadable):
		return refuse(http.StatusUnprocessableEntity, "The bundle can't be read: %s.", reports.CleanText(unreadable.Why))
	case errors.Is(err, evidence.ErrNotPacked):
		return refuse(http.StatusUnsupportedMediaType, "This is no packed bundle, as domicile pack writes it.")
	case errors.Is(err, scan.ErrUnsigned):
		return refuse(http.StatusUnprocessableEntity, "The bundle has no signature of a trusted key, and the configuration demands one.")
	case errors.Is(err, fleet.ErrNoPseudonyms):
		return refuse(http.StatusUnprocessableEntity, "The bundle names people, and the configuration demands pseudonyms for the evidence of its tenant.")
	case errors.Is(err, scan.ErrOtherPseudonyms):
		return refuse(http.StatusUnprocessableEntity, "The bundle has the pseudonyms of another key than the configuration's.")
	case errors.Is(err, fleet.ErrAhead):
		return refuse(http.StatusUnprocessableEntity, "The bundle is of a time that hasn't come: it would stand as the latest scan until then. Set the clock of the machine that made it.")
	case errors.Is(err, fleet.ErrNoTenant):
		return refuse(http.StatusUnprocessableEntity, "The bundle is of a tenant that the configuration doesn't have.")
	}
	return err
}
