// Package findings holds the verdicts: what each rule said of a tenant, and the
// Result that carries them from judging to reporting.
//
// A Result goes in and out as result.json. It holds everything that a report
// needs, so that any report can be made later from a stored file. The package
// judges nothing and reads no clock, no network and no rule.
package findings

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Version is the format version of result.json that this package writes.
// Read accepts it and everything older, and refuses anything newer.
const Version = 1

// Severity says how bad a violation of a rule is.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Severities lists every severity, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low, Info} }

// Rank is 0 for Critical and grows as the severity falls; an unknown word ranks last.
func (s Severity) Rank() int {
	for i, known := range Severities() {
		if s == known {
			return i
		}
	}
	return len(Severities())
}

// Outcome is the verdict on a rule or a finding.
type Outcome string

// The outcomes. Waived lies over Fail (or over an accepted Unknown).
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	NotApplicable Outcome = "not_applicable"
	Unknown       Outcome = "unknown"
	Waived        Outcome = "waived"
)

// Outcomes lists every outcome in the order in which reports show them.
func Outcomes() []Outcome { return []Outcome{Fail, Unknown, Waived, Pass, NotApplicable} }

// Tool names the program that made a Result.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Tenant is the Microsoft 365 tenant that was judged. Cloud is the cloud that it
// stands in: global, gcc, gcchigh, dod or china.
type Tenant struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Cloud string `json:"cloud"`
}

// Reader is who read the evidence, as the access token's claims named it. It never
// holds a token. All fields are empty when every kind was imported.
type Reader struct {
	TenantID string   `json:"tid"`
	AppID    string   `json:"appid"`
	Roles    []string `json:"roles"`
	Scopes   []string `json:"scp"`
}

// Digests name what the verdicts rest on, as lower-case hex sha256. A field is
// empty where there was no such input.
type Digests struct {
	Evidence string `json:"evidence"`
	Policies string `json:"policies"`
	Params   string `json:"params"`
	Waivers  string `json:"waivers"`
	Previous string `json:"previous"`
}

// Signature is who signed the evidence. Trusted says that a trusted key did: without one the
// key's id is what the signature claims. Name is whose key it is, if that is known.
type Signature struct {
	KeyID   string `json:"keyid"`
	Name    string `json:"name,omitempty"`
	Trusted bool   `json:"trusted"`
}

// Exit is the exit code of the scan and, in words, why.
type Exit struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

// Config is the customer's configuration: its path relative to the folder that
// the scan ran in, and the 1-based line of every parameter that is set there
// (by its name) and of every rule that is named there (by its id).
type Config struct {
	URI   string         `json:"uri"`
	Lines map[string]int `json:"lines"`
}

// Selection says which of the rules were chosen. Empty lists choose everything.
type Selection struct {
	// Frameworks are the keys of the frameworks, each of which every chosen rule supports.
	Frameworks []string `json:"frameworks"`
	// Rules and Exclude are ids of rules; a trailing * stands for any ending.
	Rules   []string `json:"rules"`
	Exclude []string `json:"exclude"`
	// Of is the number of rules that were chosen from.
	Of int `json:"of"`
}

// Summary counts what the rules said.
type Summary struct {
	// Rules is the number of rules listed in the Result.
	Rules int `json:"rules"`
	// Judged is how many of them came to pass or fail, or have all their findings waived. One
	// that could not be judged stays so when that is accepted.
	Judged int `json:"judged"`
	// Outcomes counts rules by outcome; every outcome has a key.
	Outcomes map[Outcome]int `json:"outcomes"`
	// Failed counts rules with the outcome fail by severity; every severity has a key.
	Failed map[Severity]int `json:"failed"`
	// Unjudged counts rules with the outcome unknown by their first reason.
	Unjudged map[string]int `json:"unjudged"`
	// Findings is the number of findings with the outcome fail.
	Findings int `json:"findings"`
}

// Evidence is one kind of evidence that the verdicts rest on.
type Evidence struct {
	Kind   string `json:"kind"`
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	// Objects is the number of lines in File.
	Objects  int  `json:"objects"`
	Complete bool `json:"complete"`
	// Tier says how the facts are known: signed, api, proxy, portal or attested.
	Tier string `json:"tier"`
	// API names what was asked, or the kind of file that was imported.
	API      string    `json:"api"`
	Time     time.Time `json:"time"`
	Requests int       `json:"requests"`
	// Minimum is how many requests would have done; 0 where that isn't known.
	Minimum int `json:"minimum,omitempty"`
}

// Gap is evidence that is missing or incomplete. Reason is one of the closed list of
// package evidence. Status (HTTP), Code and Permission are set where they are known.
type Gap struct {
	Kind       string `json:"kind"`
	Reason     string `json:"reason"`
	Status     int    `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	Permission string `json:"permission,omitempty"`
}

// Reason says why a rule is unknown or not applicable. Kind is the evidence
// kind concerned, or empty.
type Reason struct {
	Reason  string `json:"reason"`
	Kind    string `json:"kind,omitempty"`
	Message string `json:"message"`
}

// Observation is a fact that a rule saw and rests on, shown with a pass as well.
type Observation struct {
	Fact    string `json:"fact"`
	Service string `json:"service,omitempty"`
	Value   string `json:"value"`
	Tier    string `json:"tier,omitempty"`
	Kind    string `json:"kind,omitempty"`
}

// Control is a control of a framework that a rule supports. Coverage is full,
// part or evidence; part and evidence never add up to compliance.
type Control struct {
	ID       string `json:"id"`
	Coverage string `json:"coverage"`
}

// Remediation says how to mend a violation: a summary, and steps for a person,
// already chosen for the profile that the tenant was judged under. Action is the id
// of the automatic action, if there is one.
type Remediation struct {
	Summary string   `json:"summary"`
	Steps   []string `json:"steps"`
	Action  string   `json:"action,omitempty"`
}

// Rule is one rule and its verdict.
type Rule struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Topic       string   `json:"topic"`
	Severity    Severity `json:"severity"`
	// Scope is tenant, or the kind whose objects are judged one by one.
	Scope   string  `json:"scope"`
	Outcome Outcome `json:"outcome"`
	// Reasons say why, for unknown and not_applicable.
	Reasons  []Reason      `json:"reasons"`
	Observed []Observation `json:"observed"`
	// Checked is the number of objects judged (1 for scope tenant), Failed how many
	// of them fail.
	Checked int `json:"checked"`
	Failed  int `json:"failed"`
	// Kinds are the evidence kinds that the rule reads.
	Kinds []string `json:"kinds"`
	// Params are the names of the parameters that the rule reads; left out if it reads none.
	Params []string `json:"params,omitempty"`
	// References are https addresses of Microsoft's pages.
	References []string `json:"references"`
	// Frameworks maps a framework's key (cis_m365, scuba, nist_800_53, iso_27001,
	// gdpr, nis2, dora) to the controls that the rule supports.
	Frameworks  map[string][]Control `json:"frameworks"`
	Remediation Remediation          `json:"remediation"`
	// Waiver is the id of the waiver for the outcome unknown, if there is one; it accepts
	// it where the outcome is waived, and is not in force where it is unknown.
	Waiver string `json:"waiver,omitempty"`
	// Was is the rule's outcome in the earlier result that this one is compared with; empty
	// where there is none, or where that didn't list the rule.
	Was Outcome `json:"was,omitempty"`
}

// Resource is what a finding is about. Kind is tenant, geo, service, role,
// attestation, or an evidence kind's singular; ID is Graph's id or the id that the
// design names for the kind; Name is for people and may be empty.
type Resource struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Finding is one violation: a rule, a resource, and what was expected and found.
type Finding struct {
	Rule     string   `json:"rule"`
	Outcome  Outcome  `json:"outcome"`
	Severity Severity `json:"severity"`
	Resource Resource `json:"resource"`
	Message  string   `json:"message"`
	Expected string   `json:"expected"`
	Actual   string   `json:"actual"`
	// Fingerprint is the same in every scan of the tenant; see Fingerprint.
	Fingerprint string `json:"fingerprint"`
	// Waiver is the id of the waiver for the finding, if there is one; it covers the finding
	// where the outcome is waived, and is not in force where it is fail.
	Waiver string `json:"waiver,omitempty"`
	// Change says how the finding stands to the earlier result that this one is compared
	// with; empty where there is none.
	Change FindingChange `json:"change,omitempty"`
}

// Result is everything that one evaluation said, in the shape of result.json.
type Result struct {
	Version int            `json:"version"`
	Tool    Tool           `json:"tool"`
	Tenant  Tenant         `json:"tenant"`
	Profile string         `json:"profile"`
	Params  map[string]any `json:"params"`
	Reader  Reader         `json:"reader"`
	Digests Digests        `json:"digests"`
	// Signature is nil where the evidence is unsigned.
	Signature *Signature `json:"signature,omitempty"`
	// Pseudonyms is the fingerprint of the key whose pseudonyms stand for people, groups, devices
	// and applications; empty where there are none.
	Pseudonyms string    `json:"pseudonyms,omitempty"`
	Started    time.Time `json:"started"`
	Finished   time.Time `json:"finished"`
	Exit       Exit      `json:"exit"`
	Config     Config    `json:"config"`
	// Selection is nil where every rule was judged.
	Selection *Selection `json:"selection,omitempty"`
	Summary   Summary    `json:"summary"`
	// Change counts what changed since an earlier result, if it was compared with one.
	Change *Change `json:"change,omitempty"`
	// Remediations are the runs that made changes in the tenant, or took them back, since the
	// earlier result, as far as their records were at hand; sorted by when they began.
	Remediations []Remediated `json:"remediations,omitempty"`
	// Evidence is sorted by kind, Gaps by kind and reason, Waivers by rule and resource,
	// Rules by id, Findings by rule, resource kind and resource id.
	Evidence []Evidence `json:"evidence"`
	Gaps     []Gap      `json:"gaps"`
	Waivers  []Waiver   `json:"waivers"`
	Rules    []Rule     `json:"rules"`
	Findings []Finding  `json:"findings"`
}

// Accepted says whether the rule could not be judged, or not in full, and a waiver accepts
// that.
func (r Rule) Accepted() bool { return r.Outcome == Waived && r.Waiver != "" }

// Fingerprint returns the identity of a finding: lower-case hex sha256 over the
// tenant's id, the rule's id, and the resource's kind and id, joined by newlines. A
// resource keeps it when it is renamed.
func Fingerprint(tenantID, rule string, resource Resource) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{tenantID, rule, resource.Kind, resource.ID}, "\n")))
	return hex.EncodeToString(sum[:])
}
