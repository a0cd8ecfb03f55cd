package findings

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultWaiverDays is the longest term of a waiver, in days, where the parameter
// waiver_max_days doesn't say otherwise.
const DefaultWaiverDays = 365

// AnyID stands, as the id of a waiver's resource, for every resource of its kind.
const AnyID = "*"

// maxWaiverText is how many bytes a field of a waiver may have.
const maxWaiverText = 1000

// Waiver is a decision to accept, for a time, that a resource violates a rule or that a
// rule could not be judged: who asked for it, who approved it, why and until when. In a
// Result, State and Covers say what became of it.
type Waiver struct {
	// ID follows from the rule, the resource and what is accepted; see Identify.
	ID       string   `json:"id"`
	Rule     string   `json:"rule"`
	Resource Selector `json:"resource"`
	// Accept is the outcome that is accepted: Fail or Unknown.
	Accept   Outcome `json:"accept"`
	Reason   string  `json:"reason"`
	Owner    string  `json:"owner"`
	Approver string  `json:"approver"`
	// Ticket is where the organisation keeps the decision.
	Ticket string `json:"ticket"`
	// Approved, From and Expires are days (2006-01-02, UTC). The waiver holds from the day
	// From, which is Approved unless a later one is named, through the day Expires.
	Approved string      `json:"approved"`
	From     string      `json:"from"`
	Expires  string      `json:"expires"`
	State    WaiverState `json:"state"`
	// Covers is how many findings (or the unknown outcome of how many rules) it covers, or
	// would cover if it were in force.
	Covers int `json:"covers"`
}

// Selector chooses the resources that a waiver is for: one, by kind and id, or with AnyID
// every one of the kind.
type Selector struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// WaiverState says what became of a waiver.
type WaiverState string

// The states of a waiver. Only one in force (Used, OverBroad) covers anything.
const (
	Used WaiverState = "used"
	// OverBroad is in force and covers several findings through AnyID.
	OverBroad WaiverState = "over_broad"
	// Unused is in force, and nothing is left that it is for.
	Unused WaiverState = "unused"
	// NotJudged is in force, and its rule was not judged, or not in full: whether there is
	// anything that it is for is not known.
	NotJudged WaiverState = "not_judged"
	Expired   WaiverState = "expired"
	// Pending is not in force yet.
	Pending WaiverState = "pending"
)

// WaiverStates lists the states in the order in which reports show them: those that ask
// for something to be done first.
func WaiverStates() []WaiverState {
	return []WaiverState{Expired, OverBroad, Unused, NotJudged, Pending, Used}
}

// InForce says whether the waiver holds.
func (s WaiverState) InForce() bool { return s != Expired && s != Pending }

// Identify returns the waiver with its id, and with From and Accept where they are left
// out. The id is the same in every file and for every renewal: it follows from what is
// accepted alone.
func (w Waiver) Identify() Waiver {
	w.From = cmp.Or(w.From, w.Approved)
	w.Accept = cmp.Or(w.Accept, Fail)
	sum := sha256.Sum256([]byte(strings.Join([]string{w.Rule, w.Resource.Kind, w.Resource.ID, string(w.Accept)}, "\n")))
	w.ID = "W-" + hex.EncodeToString(sum[:5])
	return w
}

// Check says what keeps a waiver from being a decision that an auditor accepts. maxDays
// is the longest term.
func (w Waiver) Check(maxDays int) error {
	var errs []error
	for _, field := range []struct{ name, value string }{
		{"rule", w.Rule},
		{"resource.kind", w.Resource.Kind},
		{"resource.id", w.Resource.ID},
		{"reason", w.Reason},
		{"owner", w.Owner},
		{"approver", w.Approver},
		{"ticket", w.Ticket},
		{"approved", w.Approved},
		{"expires", w.Expires},
	} {
		if err := checkText(field.value); err != nil {
			errs = append(errs, fmt.Errorf("%s %w", field.name, err))
		}
	}
	if strings.EqualFold(strings.TrimSpace(w.Owner), strings.TrimSpace(w.Approver)) && w.Owner != "" {
		errs = append(errs, fmt.Errorf("owner and approver are both %q; somebody else must approve", w.Owner))
	}
	switch {
	case strings.ContainsAny(w.Rule, "*?") || strings.Contains(w.Resource.Kind, "*"):
		errs = append(errs, errors.New("a waiver names one rule and one kind of resource; * is for resource.id alone"))
	case w.Accept != "" && w.Accept != Fail && w.Accept != Unknown:
		errs = append(errs, fmt.Errorf("accept is %q; write fail or unknown", w.Accept))
	case w.Accept == Unknown && w.Resource.Kind != "tenant":
		errs = append(errs, errors.New("accept: unknown is about the rule as a whole; write resource: {kind: tenant, id: the tenant's id}"))
	}
	return errors.Join(append(errs, w.checkTerm(maxDays)...)...)
}

func checkText(value string) error {
	switch {
	case strings.TrimSpace(value) == "":
		return errors.New("is missing")
	case len(value) > maxWaiverText:
		return fmt.Errorf("is longer than %d bytes", maxWaiverText)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) }):
		return errors.New("has a character that is not seen")
	}
	return nil
}

// checkTerm holds the three days against each other; one that is missing is another's to
// tell.
func (w Waiver) checkTerm(maxDays int) []error {
	var errs []error
	day := func(name, value string) time.Time {
		at, err := time.Parse(time.DateOnly, value)
		if value != "" && err != nil {
			errs = append(errs, fmt.Errorf("%s %q is no day; write it like 2027-01-31", name, value))
		}
		return at
	}
	approved, from, expires := day("approved", w.Approved), day("from", cmp.Or(w.From, w.Approved)), day("expires", w.Expires)
	switch {
	case len(errs) > 0 || approved.IsZero() || expires.IsZero():
	case from.Before(approved):
		errs = append(errs, fmt.Errorf("from %s is before it was approved, on %s", w.From, w.Approved))
	case expires.Before(from):
		errs = append(errs, fmt.Errorf("expires %s is before it begins, on %s", w.Expires, from.Format(time.DateOnly)))
	case expires.Sub(from) > time.Duration(maxDays)*24*time.Hour:
		errs = append(errs, fmt.Errorf("expires %s: from %s that is longer than the %d days that waiver_max_days allows", w.Expires, from.Format(time.DateOnly), maxDays))
	}
	return errs
}

// DaysLeft is how many days a waiver holds after the day of a time: 0 on its last day.
func (w Waiver) DaysLeft(at time.Time) int {
	expires, err := time.Parse(time.DateOnly, w.Expires)
	if err != nil {
		return 0
	}
	return int(expires.Sub(at.UTC().Truncate(24*time.Hour)) / (24 * time.Hour))
}

// Waive lays waivers over a Result that was judged at a time: findings that one in force
// covers become Waived, and so does a rule all of whose findings are, or whose unknown
// outcome is accepted. A rule that fails and could not be judged in full is unknown once
// its findings are waived. What the rules said, observed and gave as reasons stays.
//
// A finding that only an expired or pending waiver is for keeps its outcome and names that
// waiver. Waivers that were laid over it before are lifted first, so that waiving twice is
// waiving once. Nil waivers stand for no list at all, which has no digest.
func Waive(result *Result, waivers []Waiver, at time.Time) {
	lift(result)
	if waivers == nil {
		return
	}
	book := newWaiverBook(waivers, at)
	open := map[string]int{}
	for i := range result.Findings {
		finding := &result.Findings[i]
		open[finding.Rule] += 0
		waiver := book.cover(waiverKey{finding.Rule, finding.Resource.Kind, finding.Resource.ID, Fail})
		if waiver != nil {
			finding.Waiver = waiver.ID
		}
		if waiver != nil && waiver.State.InForce() {
			finding.Outcome = Waived
		} else {
			open[finding.Rule]++
		}
	}
	judged := map[string]bool{}
	for i := range result.Rules {
		rule := &result.Rules[i]
		judged[rule.ID] = rule.Outcome != Unknown && (rule.Outcome != Fail || len(rule.Reasons) == 0)
		if left, found := open[rule.ID]; rule.Outcome == Fail && found && left == 0 {
			rule.Outcome = Waived
			if len(rule.Reasons) > 0 {
				rule.Outcome = Unknown
			}
		}
		if rule.Outcome != Unknown {
			continue
		}
		if waiver := book.cover(waiverKey{rule.ID, "tenant", result.Tenant.ID, Unknown}); waiver != nil {
			rule.Waiver = waiver.ID
			if waiver.State.InForce() {
				rule.Outcome = Waived
			}
		}
	}
	result.Waivers = book.settled(judged)
	result.Digests.Waivers = digestOf(waivers)
}

// lift takes waivers off a Result.
func lift(result *Result) {
	found := map[string]bool{}
	for i := range result.Findings {
		finding := &result.Findings[i]
		found[finding.Rule] = true
		finding.Outcome, finding.Waiver = Fail, ""
	}
	for i := range result.Rules {
		rule := &result.Rules[i]
		rule.Outcome, rule.Waiver = unwaived(rule.Outcome, found[rule.ID]), ""
	}
	result.Waivers, result.Digests.Waivers = nil, ""
}

// unwaived is a rule's outcome without waivers, by whether it has findings.
func unwaived(outcome Outcome, found bool) Outcome {
	switch {
	case found:
		return Fail
	case outcome == Waived:
		return Unknown
	default:
		return outcome
	}
}

// waiverKey is what a waiver is for.
type waiverKey struct {
	rule, kind, id string
	accept         Outcome
}

// waiverBook finds waivers by what they are for, and counts what they cover.
type waiverBook struct {
	waivers []Waiver
	index   map[waiverKey]*Waiver
}

func newWaiverBook(waivers []Waiver, at time.Time) waiverBook {
	book := waiverBook{waivers: make([]Waiver, 0, len(waivers)), index: map[waiverKey]*Waiver{}}
	day := at.UTC().Format(time.DateOnly)
	for _, waiver := range waivers {
		waiver = waiver.Identify()
		waiver.Covers, waiver.State = 0, Used
		switch {
		case day > waiver.Expires:
			waiver.State = Expired
		case day < waiver.From:
			waiver.State = Pending
		}
		book.waivers = append(book.waivers, waiver)
	}
	for i := range book.waivers {
		waiver := &book.waivers[i]
		book.index[waiverKey{waiver.Rule, waiver.Resource.Kind, waiver.Resource.ID, waiver.Accept}] = waiver
	}
	return book
}

// cover returns the waiver for something and counts it: the one that names it before the
// one that names its kind, and one in force before one that isn't; nil if there is none.
func (b waiverBook) cover(key waiverKey) *Waiver {
	named := b.index[key]
	key.id = AnyID
	whole := b.index[key]
	chosen := cmp.Or(named, whole)
	if whole != nil && whole.State.InForce() && !chosen.State.InForce() {
		chosen = whole
	}
	if chosen != nil {
		chosen.Covers++
	}
	return chosen
}

// settled returns the waivers with their states. judged says which rules were judged in
// full.
func (b waiverBook) settled(judged map[string]bool) []Waiver {
	for i := range b.waivers {
		waiver := &b.waivers[i]
		switch {
		case !waiver.State.InForce():
		case waiver.Covers > 1:
			waiver.State = OverBroad
		case waiver.Covers == 0 && (judged[waiver.Rule] || waiver.Accept == Unknown && hasRule(judged, waiver.Rule)):
			waiver.State = Unused
		case waiver.Covers == 0:
			waiver.State = NotJudged
		}
	}
	slices.SortStableFunc(b.waivers, compareWaivers)
	return b.waivers
}

func hasRule(judged map[string]bool, id string) bool {
	_, listed := judged[id]
	return listed
}

func compareWaivers(a, b Waiver) int {
	return cmp.Or(
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Resource.Kind, b.Resource.Kind),
		cmp.Compare(a.Resource.ID, b.Resource.ID), cmp.Compare(a.Accept, b.Accept),
	)
}

// digestOf names a list of waivers, whatever the order, the comments and the layout of the
// file that it stood in.
func digestOf(waivers []Waiver) string {
	normal := make([]Waiver, 0, len(waivers))
	for _, waiver := range waivers {
		waiver = waiver.Identify()
		waiver.State, waiver.Covers = "", 0
		normal = append(normal, waiver)
	}
	slices.SortStableFunc(normal, compareWaivers)
	data, err := json.Marshal(normal)
	if err != nil {
		return "" // strings and numbers alone
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// checkWaivers holds the waivers of a decoded result, and what refers to them, to what
// Waive writes.
func checkWaivers(result *Result) error {
	known := map[string]bool{}
	for i, waiver := range result.Waivers {
		if waiver.ID == "" || known[waiver.ID] {
			return fmt.Errorf("the waiver %q is listed twice or has no id", waiver.ID)
		}
		known[waiver.ID] = true
		if !slices.Contains(WaiverStates(), waiver.State) {
			return fmt.Errorf("waiver %d: the state %q is not known; known are %q", i, waiver.State, WaiverStates())
		}
		if waiver.Accept != Fail && waiver.Accept != Unknown {
			return fmt.Errorf("waiver %d accepts %q; only fail and unknown can be accepted", i, waiver.Accept)
		}
	}
	for i, finding := range result.Findings {
		if (finding.Waiver != "" || finding.Outcome == Waived) && !known[finding.Waiver] {
			return fmt.Errorf("finding %d of %s names the waiver %q, which is not listed", i, finding.Rule, finding.Waiver)
		}
	}
	for _, rule := range result.Rules {
		if rule.Waiver != "" && !known[rule.Waiver] {
			return fmt.Errorf("rule %s names the waiver %q, which is not listed", rule.ID, rule.Waiver)
		}
	}
	return nil
}
