package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/domicile-audit/domicile/remediation"
	"github.com/domicile-audit/domicile/reports"
)

// planShown is a plan that waits, or was approved.
type planShown struct {
	Name, Digest string
	// Plan is nil where the file isn't one that can be read, and Broken says why.
	Plan     *remediation.Plan
	Broken   string
	Approval *Approval
	// Uncounted says why the approval that lies beside the plan doesn't count.
	Uncounted string
	Expired   bool

	text []byte // of the file
}

// Risks counts the changes by risk, the worst first.
func (p planShown) Risks() []riskCount {
	out := []riskCount{{remediation.High, 0}, {remediation.Medium, 0}, {remediation.Low, 0}}
	for _, change := range p.Plan.Changes {
		for i := range out {
			if out[i].Risk == change.Risk {
				out[i].Changes++
			}
		}
	}
	return slices.DeleteFunc(out, func(c riskCount) bool { return c.Changes == 0 })
}

type riskCount struct {
	Risk    remediation.Risk
	Changes int
}

// Path is where the plan's page is.
func (p planShown) Path() string { return "/plans/" + url.PathEscape(p.Name) }

// maxPlans bounds how many plans are listed: those that were written last.
const maxPlans = 500

// plansRead are the plans of the folder as lists show them, by their files' names. Each is read
// again when it, or something beside it, is another file than before.
type plansRead struct {
	mu  sync.Mutex
	all map[string]planRead
}

type planRead struct {
	files string // the plan's file and those beside it, as they were
	shown planShown
}

// listPlans lists the plans of the folder, those that wait first, and says how many older ones
// are left out.
func (s *Server) listPlans() (shown []planShown, older int, err error) {
	entries, err := os.ReadDir(s.Plans)
	if errors.Is(err, fs.ErrNotExist) || s.Plans == "" {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	found := planFiles(entries)
	older = max(0, len(found)-maxPlans)
	s.read.mu.Lock()
	defer s.read.mu.Unlock()
	before := s.read.all
	s.read.all = map[string]planRead{}
	for _, file := range found[:len(found)-older] {
		one, known := before[file.name]
		if !known || one.files != file.files {
			one = planRead{file.files, s.readPlan(file.name).head()}
		}
		s.read.all[file.name] = one
		one.shown.Expired = one.shown.Plan != nil && !s.Now().Before(one.shown.Plan.Expires)
		shown = append(shown, one.shown)
	}
	slices.SortStableFunc(shown, func(a, b planShown) int {
		switch {
		case a.Waits() != b.Waits():
			return map[bool]int{true: -1, false: 1}[a.Waits()]
		case a.Plan != nil && b.Plan != nil:
			return a.Plan.Expires.Compare(b.Plan.Expires)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return shown, older, nil
}

// planFile is a plan's file, and what it and those beside it are like.
type planFile struct {
	name, files string
	written     time.Time
}

// planFiles finds the plans among the entries of a folder, which are sorted, those first that
// were written last.
func planFiles(entries []fs.DirEntry) (found []planFile) {
	for i, entry := range entries {
		if !isPlan(entry.Name()) {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue // it has just gone
		}
		file := planFile{name: entry.Name(), written: info.ModTime()}
		stem := strings.TrimSuffix(entry.Name(), "json")
		for i > 0 && strings.HasPrefix(entries[i-1].Name(), stem) {
			i--
		}
		for ; i < len(entries) && strings.HasPrefix(entries[i].Name(), stem); i++ {
			if info, err := entries[i].Info(); err == nil {
				file.files += fmt.Sprintf("%s %s %d %d\n", info.Name(), info.Mode(), info.Size(), info.ModTime().UnixNano())
			}
		}
		found = append(found, file)
	}
	slices.SortStableFunc(found, func(a, b planFile) int { return b.written.Compare(a.written) })
	return found
}

// head is the plan without what only its own page shows.
func (p planShown) head() planShown {
	p.text = nil
	if whole := p.Plan; whole != nil {
		p.Plan = &remediation.Plan{Tenant: whole.Tenant, Author: whole.Author, Expires: whole.Expires}
		for _, change := range whole.Changes {
			p.Plan.Changes = append(p.Plan.Changes, remediation.Change{Risk: change.Risk})
		}
	}
	return p
}

// isPlan says whether a file of the folder is a plan, and not what lies beside one.
func isPlan(name string) bool {
	stem, is := strings.CutSuffix(name, ".json")
	return is && stem != "" && !strings.HasPrefix(name, ".") && !strings.HasSuffix(stem, ".dsse") && !strings.HasSuffix(stem, ".record") && !strings.HasSuffix(stem, ".rollback") && filepath.Base(name) == name
}

// State is how far the plan has come.
func (p planShown) State() string {
	switch {
	case p.Plan == nil:
		return "broken"
	case p.Approval != nil:
		return "approved"
	case p.Expired:
		return "expired"
	}
	return "waiting"
}

// Waits says whether the plan can still be approved.
func (p planShown) Waits() bool { return p.State() == "waiting" }

// readPlan reads a plan of the folder. A file that is no plan is shown as such.
func (s *Server) readPlan(name string) planShown {
	shown := planShown{Name: name}
	path := filepath.Join(s.Plans, name)
	data, err := readRegular(path, remediation.MaxPlan)
	if err != nil {
		shown.Broken = "it can't be read"
		s.Log.Warn("reading a plan", "error", err)
		return shown
	}
	if shown.Plan, err = remediation.Decode(data); err != nil {
		shown.Broken = err.Error()
		return shown
	}
	sum := sha256.Sum256(data)
	shown.text, shown.Digest, shown.Expired = data, hex.EncodeToString(sum[:]), !s.Now().Before(shown.Plan.Expires)
	if shown.Approval, err = s.Approver.Approval(path, data); err != nil {
		shown.Uncounted = s.withoutFolder(err)
	}
	return shown
}

// withoutFolder is what an error says without where the folder of plans is.
func (s *Server) withoutFolder(err error) string {
	return strings.ReplaceAll(err.Error(), filepath.Clean(s.Plans)+string(filepath.Separator), "")
}

// readRegular reads a file, and no link, pipe or device, up to a limit.
func readRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit+1))
}

// waitingPlans counts the plans that can be approved.
func (s *Server) waitingPlans() (int, error) {
	all, _, err := s.listPlans()
	n := 0
	for _, plan := range all {
		if plan.Waits() {
			n++
		}
	}
	return n, err
}

type plansPage struct {
	Plans  []planShown
	Folder string
	Pager  pager
	Older  int // plans that aren't listed
}

func (s *Server) plans(w http.ResponseWriter, r *http.Request, who visitor) error {
	all, older, err := s.listPlans()
	if err != nil {
		return err
	}
	page := plansPage{Folder: s.Plans, Older: older}
	page.Plans, page.Pager = cut(r, all)
	return s.pages.show(w, r, "plans", http.StatusOK, who, "Plans", page)
}

type planPage struct {
	planShown
	Refused string // why no plan can be approved here
}

// planNamed is the plan that a request names.
func (s *Server) planNamed(r *http.Request) (planShown, error) {
	name := r.PathValue("plan")
	missing := refuse(http.StatusNotFound, "There is no such plan.")
	if !isPlan(name) || s.Plans == "" {
		return planShown{}, missing
	}
	if _, err := os.Lstat(filepath.Join(s.Plans, name)); err != nil {
		return planShown{}, missing
	}
	return s.readPlan(name), nil
}

// soundPlan is the plan that a request names, where its file is one.
func (s *Server) soundPlan(r *http.Request) (planShown, error) {
	plan, err := s.planNamed(r)
	if err == nil && plan.Plan == nil {
		err = refuse(http.StatusConflict, "This file is no plan: %s.", reports.CleanText(plan.Broken))
	}
	return plan, err
}

func (s *Server) plan(w http.ResponseWriter, r *http.Request, who visitor) error {
	plan, err := s.planNamed(r)
	if err != nil {
		return err
	}
	page := planPage{planShown: plan}
	if err := s.Approver.Refuses(); err != nil {
		page.Refused = err.Error()
	}
	return s.pages.show(w, r, "plan", http.StatusOK, who, "Plan "+reports.CleanName(plan.Name), page)
}

// planPage is the whole plan, which is a page of its own.
func (s *Server) planPage(w http.ResponseWriter, r *http.Request, _ visitor) error {
	plan, err := s.soundPlan(r)
	if err != nil {
		return err
	}
	if shown := r.URL.Query().Get("sha256"); shown != "" && shown != plan.Digest {
		return refuse(http.StatusConflict, "The plan was changed since you saw it. Read it again.")
	}
	var out bytes.Buffer
	if err := reports.WritePlan(&out, plan.Plan); err != nil {
		return err
	}
	policy, err := reports.PlanPolicy()
	if err != nil {
		return err
	}
	return ownPage(w, out.Bytes(), policy)
}

// The least and the greatest length of a reason, in characters.
const (
	leastReason = 10
	mostReason  = 1_000
)

// approve approves a plan as it was shown: the form names its digest.
func (s *Server) approve(w http.ResponseWriter, r *http.Request, who visitor) error {
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err
		}
		return refuse(http.StatusBadRequest, "The form can't be read.")
	}
	// Of two who approve at once, one is told of the other.
	s.memory.approving.Lock()
	defer s.memory.approving.Unlock()
	plan, err := s.planNamed(r)
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(r.PostForm.Get("reason"))
	length := utf8.RuneCountInString(reason)
	switch {
	case !plan.Waits():
		return refuse(http.StatusConflict, "This plan can't be approved any more.")
	case r.PostForm.Get("digest") != plan.Digest:
		return refuse(http.StatusConflict, "The plan was changed since you saw it. Read it again.")
	case length < leastReason || length > mostReason || !utf8.ValidString(reason):
		return refuse(http.StatusUnprocessableEntity, "Give a reason of %d to %d characters.", leastReason, mostReason)
	}
	approval := Approval{By: who.Name, At: s.Now().UTC().Truncate(time.Second), Reason: reason}
	if err := s.Approver.Approve(filepath.Join(s.Plans, plan.Name), plan.text, approval); err != nil {
		return refuse(http.StatusConflict, "The plan isn't approved: %s.", reports.CleanText(s.withoutFolder(err)))
	}
	http.Redirect(w, r, plan.Path(), http.StatusSeeOther) //nolint:gosec // G710: a page of this server, whatever the plan's name
	return nil
}
