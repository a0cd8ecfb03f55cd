package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/reports"
)

type jobsPage struct {
	Jobs   []jobRow
	State  string
	States []fleet.State
	Tenant string
	Pager  pager
}

type jobRow struct {
	fleet.Job
	Mark state
}

// UnderWay says whether the job isn't over.
func (j jobRow) UnderWay() bool {
	return j.State == fleet.Waiting || j.State == fleet.Running || j.State == fleet.Retrying
}

// Asked says what had the scan begun; its name follows.
func (j jobRow) Asked() string {
	switch j.Cause {
	case fleet.BySchedule:
		return "by the schedule"
	case fleet.ByUpload:
		return "uploaded by"
	case fleet.ByRequest:
	}
	return "by"
}

// rowOfJob is a job as pages show it.
func rowOfJob(job fleet.Job) jobRow {
	mark := state{"na", string(job.State)}
	switch job.State {
	case fleet.Failed:
		mark.State = "fail"
	case fleet.Running, fleet.Retrying:
		mark.State = "unknown"
	case fleet.Done:
		mark.State = "pass"
	case fleet.Waiting, fleet.Cancelled:
	}
	return jobRow{job, mark}
}

func states() []fleet.State {
	return []fleet.State{fleet.Waiting, fleet.Running, fleet.Retrying, fleet.Done, fleet.Failed, fleet.Cancelled}
}

// jobQuery reads which jobs a request asks for.
func jobQuery(r *http.Request, limit int) (fleet.Query, error) {
	query := r.URL.Query()
	out := fleet.Query{Tenant: query.Get("tenant"), State: fleet.State(query.Get("state")), Limit: limit}
	if out.State != "" && !slices.Contains(states(), out.State) {
		return out, refuse(http.StatusBadRequest, "No job has such a state.")
	}
	if before := query.Get("before"); before != "" {
		id, err := strconv.ParseInt(before, 10, 64)
		if err != nil {
			return out, refuse(http.StatusBadRequest, "before is no job's id.")
		}
		out.Before = id
	}
	return out, nil
}

func (s *Server) jobs(w http.ResponseWriter, r *http.Request, who visitor) error {
	query, err := jobQuery(r, perPage+1)
	if err != nil {
		return err
	}
	jobs, err := s.Engine.Jobs(r.Context(), query)
	if err != nil {
		return err
	}
	page := jobsPage{State: string(query.State), Tenant: query.Tenant, States: states()}
	if len(jobs) > perPage {
		jobs = jobs[:perPage]
		page.Pager.Later = with(r, "before", strconv.FormatInt(jobs[perPage-1].ID, 10))
	}
	if query.Before > 0 {
		page.Pager.Earlier = with(r, "before", "")
	}
	for _, job := range jobs {
		page.Jobs = append(page.Jobs, rowOfJob(job))
	}
	return s.pages.show(w, r, "jobs", http.StatusOK, who, "Scans", page)
}

type jobPage struct {
	jobRow
	Log []fleet.LogLine
	// Live says that the page comes anew by itself.
	Live bool
	// Read and Reading count kinds of evidence, Objects what was read of them.
	Read, Reading, Objects int
}

// refreshes is after how many seconds a page comes anew.
const refreshes = 5

func (s *Server) job(w http.ResponseWriter, r *http.Request, who visitor) error {
	job, err := s.jobOf(r)
	if err != nil {
		return err
	}
	log, err := s.Engine.Log(r.Context(), job.ID)
	if err != nil {
		return err
	}
	page := jobPage{jobRow: rowOfJob(job), Log: log}
	for _, kind := range job.Progress {
		page.Objects += kind.Objects
		if kind.State == "reading" {
			page.Reading++
		} else {
			page.Read++
		}
	}
	if page.Live = r.URL.Query().Get("live") != "" && page.UnderWay(); page.Live {
		w.Header().Set("Refresh", strconv.Itoa(refreshes))
	}
	return s.pages.show(w, r, "job", http.StatusOK, who, fmt.Sprintf("Scan of %s", reports.CleanName(job.Tenant)), page)
}

func (s *Server) jobOf(r *http.Request) (fleet.Job, error) {
	id, err := strconv.ParseInt(r.PathValue("job"), 10, 64)
	if err != nil {
		return fleet.Job{}, refuse(http.StatusNotFound, "There is no such job.")
	}
	job, err := s.Engine.Job(r.Context(), id)
	if errors.Is(err, fleet.ErrNoJob) {
		return job, refuse(http.StatusNotFound, "There is no such job.")
	}
	return job, err
}

// scanOf finds the recorded scan that a request names, and its result.
func (s *Server) scanOf(r *http.Request) (scan history.Scan, document []byte, err error) {
	scan, err = s.scanNamed(r)
	if err != nil {
		return scan, nil, err
	}
	document, err = s.Store.Result(r.Context(), scan)
	return scan, document, err
}

func (s *Server) scanNamed(r *http.Request) (history.Scan, error) {
	id, err := strconv.ParseInt(r.PathValue("scan"), 10, 64)
	if err != nil {
		return history.Scan{}, refuse(http.StatusNotFound, "There is no such scan.")
	}
	scan, err := s.Store.Scan(r.Context(), "", id)
	return scan, noScan(err)
}

// report is the whole report of a scan, which is a page of its own.
func (s *Server) report(w http.ResponseWriter, r *http.Request, _ visitor) error {
	_, document, err := s.scanOf(r)
	if err != nil {
		return err
	}
	page, err := s.render(r.Context(), document, "html")
	if err != nil {
		return err
	}
	policy, err := reports.HTMLPolicy()
	if err != nil {
		return err
	}
	return ownPage(w, page, policy)
}

// ownPage writes a page that brings its own policy.
func ownPage(w http.ResponseWriter, page []byte, policy string) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy+"; frame-ancestors 'none'")
	_, _ = w.Write(page) //nolint:gosec // G705: html/template made it; nobody is left to be told of an error
	return nil
}

// render writes a recorded result in a format.
func (s *Server) render(ctx context.Context, document []byte, name string) ([]byte, error) {
	format, err := reports.FormatByName(s.Formats, name)
	if err != nil {
		return nil, refuse(http.StatusNotFound, "There is no such format.")
	}
	if name == "json" {
		return document, nil
	}
	select {
	case s.renders <- struct{}{}:
		defer func() { <-s.renders }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	result, err := findings.Read(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := format.Write(&out, result); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// download is a scan in any format, as a file.
func (s *Server) download(w http.ResponseWriter, r *http.Request, _ visitor) error {
	scan, document, err := s.scanOf(r)
	if err != nil {
		return err
	}
	format, err := reports.FormatByName(s.Formats, r.PathValue("format"))
	if err != nil {
		return refuse(http.StatusNotFound, "There is no such format.")
	}
	out, err := s.render(r.Context(), document, format.Name)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fmt.Sprintf("domicile-%d-%s", scan.ID, path.Base(format.File))}))
	_, _ = w.Write(out) //nolint:gosec // G705: a file, which browsers save (attachment, nosniff); nobody is left to be told of an error
	return nil
}
