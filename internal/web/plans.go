package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// maxPlans bounds how many plans are listed.
const maxPlans = 500

// plansOf lists the plans of the folder, those that wait first.
func (s *Server) plansOf() ([]planShown, error) {
	entries, err := os.ReadDir(s.Plans)
	if errors.Is(err, fs.ErrNotExist) || s.Plans == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var shown []planShown
	for _, entry := range entries {
		if !isPlan(entry.Name()) || len(shown) == maxPlans {
			continue
		}
		shown = append(shown, s.readPlan(entry.Name()))
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
	return shown, nil
}

// isPlan says whether a file of the folder is a plan, and not what lies beside one.
func isPlan(name string) bool {
	stem, is := strings.CutSuffix(name, ".json")
	return is && stem != "" && !strings.HasPrefix(name, ".") && !strings.HasSuffix(stem, ".dsse") && !strings.HasSuffix(stem, ".record") && !strings.HasSuffix(stem, ".rollback") && filepath.Base(name) == name
}

// Waits says whether the plan can still be approved.
func (p planShown) Waits() bool { return p.Plan != nil && p.Approval == nil && !p.Expired }

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
		shown.Uncounted = err.Error()
	}
	return shown
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
	all, err := s.plansOf()
	n := 0
	for _, plan := range all {
		if plan.Waits() {
			n++
		}
	}
	return n, err
}

type plansPage struct{ Plans []planShown }

func (s *Server) plans(w http.ResponseWriter, r *http.Request, who visitor) error {
	all, err := s.plansOf()
	if err != nil {
		return err
	}
	return s.pages.show(w, r, "plans", http.StatusOK, who, "Plans", plansPage{all})
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
	plan, err := s.planNamed(r)
	if err != nil {
		return err
	}
	if plan.Plan == nil {
		return refuse(http.StatusConflict, "This file is no plan: %s.", reports.CleanText(plan.Broken))
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
	plan, err := s.planNamed(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err
		}
		return refuse(http.StatusBadRequest, "The form can't be read.")
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
		return refuse(http.StatusConflict, "The plan isn't approved: %s.", reports.CleanText(err.Error()))
	}
	http.Redirect(w, r, "/plans/"+plan.Name, http.StatusSeeOther)
	return nil
}
