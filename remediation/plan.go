package remediation

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// Version is the format version of plan.json that this package writes and reads.
const Version = 1

// MaxPlan is the greatest size of a plan.json, which may come from anywhere.
const MaxPlan = 256 << 20

// Plan is what is to be done about the violations of one result, in the shape of plan.json.
type Plan struct {
	Version int             `json:"version"`
	Tool    findings.Tool   `json:"tool"`
	Tenant  findings.Tenant `json:"tenant"`
	Digests Digests         `json:"digests"`
	// Author is who made the plan; somebody else approves it.
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
	// Expires is when the plan can't be applied any more.
	Expires time.Time `json:"expires"`
	// Remediator is the id of the application that applies the plan, empty where it isn't known
	// yet. No change touches it.
	Remediator string `json:"remediator"`
	MaxChanges int    `json:"maxChanges"`
	// Changes stand in the order in which they are applied, Steps by rule and resource.
	Changes []Change `json:"changes"`
	Steps   []Step   `json:"steps"`
}

// Digests name what a plan rests on, as lower-case hex sha256.
type Digests struct {
	// Result is of the file result.json, Evidence the bundle's.
	Result   string `json:"result"`
	Evidence string `json:"evidence"`
}

// Change is one write, with everything that a person needs to judge it.
type Change struct {
	ID     string `json:"id"`
	Action string `json:"action"`
	Title  string `json:"title"`
	// Mends are the violations that the change is for, at least one.
	Mends    []Mended          `json:"mends"`
	Resource findings.Resource `json:"resource"`
	// Subject is the account or application that loses by the change and that guards look at;
	// its kind is user or service_principal, or tenant where nobody in particular does.
	Subject findings.Resource `json:"subject"`
	// Read is how the present state is read, Request what is sent, Undo what takes it back.
	Read    Read     `json:"read"`
	Request Request  `json:"request"`
	Undo    *Request `json:"undo"`
	// Needs is what must be so when the request is sent, UndoNeeds when it is taken back. They
	// bind changes to each other, whichever of them are in the plan.
	Needs     []Condition `json:"needs,omitempty"`
	UndoNeeds []Condition `json:"undoNeeds,omitempty"`
	// Before and After are the state as far as the change concerns it; null where there is no
	// such object.
	Before     json.RawMessage `json:"before"`
	After      json.RawMessage `json:"after"`
	Why        string          `json:"why"`
	Risk       Risk            `json:"risk"`
	Blast      Blast           `json:"blast"`
	Reversible bool            `json:"reversible"`
	Permission string          `json:"permission"`
}

// Mended is a violation that a change mends.
type Mended struct {
	Rule        string `json:"rule"`
	Fingerprint string `json:"fingerprint"`
	Message     string `json:"message"`
}

// Request is a write to Microsoft Graph, as it is shown and as it is sent. Path is relative
// to v1.0. Body is empty for a request without one.
type Request struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// Read is how the state of an object is read. Where ID is empty, Path is the object's own, save
// with Collection. Else Path is a collection's, and the object is the one in it that has the id
// or, as one that is made again gets another, is in all as it was before the change; one that
// the change makes has no id yet, and is the one that is in all as it is to be.
type Read struct {
	Path       string `json:"path"`
	ID         string `json:"id,omitempty"`
	Collection bool   `json:"collection,omitempty"`
}

// Condition is a state in which something must be, and what it means where it isn't.
type Condition struct {
	Read  Read            `json:"read"`
	State json.RawMessage `json:"state"`
	Else  string          `json:"else"`
}

// Blast is whom and what a change affects.
type Blast struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	// Names are the first few of those affected.
	Names []string `json:"names"`
}

// Step is what a person has to do about a violation.
type Step struct {
	Rule        string            `json:"rule"`
	Fingerprint string            `json:"fingerprint"`
	Title       string            `json:"title"`
	Resource    findings.Resource `json:"resource"`
	Message     string            `json:"message"`
	// Unplanned says why no change is planned where the rule names an action; empty elsewhere.
	Unplanned string   `json:"unplanned,omitempty"`
	Summary   string   `json:"summary"`
	Text      []string `json:"text"`
	// Pages are Microsoft's pages about it.
	Pages []string `json:"pages"`
	// Support is a text for Microsoft's support, where they have to act.
	Support string `json:"support,omitempty"`
	// Attest are the facts to put on record afterwards, with domicile attest new.
	Attest []string `json:"attest"`
}

//go:embed plan.schema.json
var planSchema []byte

// Schema returns the JSON Schema (2020-12) of plan.json.
func Schema() []byte { return bytes.Clone(planSchema) }

// Write writes the plan as plan.json: indented, and the same bytes for the same plan. One that
// Decode wouldn't read is an error.
func (p *Plan) Write(w io.Writer) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(p)
	if err == nil && out.Len() > MaxPlan {
		err = fmt.Errorf("it would be larger than %d MiB; scan for fewer rules with --rule, and plan for these", MaxPlan>>20)
	}
	if err == nil {
		_, err = w.Write(out.Bytes())
	}
	if err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// Decode reads a plan.json strictly: an unknown field, a request that no action sends, or
// anything else that Build doesn't write is an error.
func Decode(data []byte) (*Plan, error) {
	if len(data) > MaxPlan {
		return nil, fmt.Errorf("reading the plan: it is larger than %d MiB; is this a plan.json?", MaxPlan>>20)
	}
	plan, err := decodePlan(data)
	if err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	return plan, nil
}

func decodePlan(data []byte) (*Plan, error) {
	if err := checkVersion(data); err != nil {
		return nil, err
	}
	var plan Plan
	if err := decodeStrictly(data, &plan); err != nil {
		return nil, err
	}
	if err := plan.check(); err != nil {
		return nil, err
	}
	return &plan, nil
}

// checkVersion looks at the format version before anything else, as a newer one may have
// fields that this program would take for mistakes.
func checkVersion(data []byte) error {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	switch {
	case head.Version < 1:
		return errors.New("it has no format version")
	case head.Version > Version:
		return fmt.Errorf("its format version is %d and this program reads up to %d; use the domicile that wrote it, or a newer one", head.Version, Version)
	}
	return nil
}

// decodeStrictly decodes one JSON value without unknown fields and with nothing behind it.
func decodeStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after its end")
	}
	return nil
}

// check refuses what Build doesn't write, and makes the states and bodies compact, as they
// are sent and compared.
func (p *Plan) check() error {
	switch {
	case p.Tenant.ID == "":
		return errors.New("it doesn't say of which tenant it is")
	case p.MaxChanges < 1:
		return fmt.Errorf("maxChanges is %d", p.MaxChanges)
	case len(p.Changes) > p.MaxChanges:
		return fmt.Errorf("it has %d changes and maxChanges is %d", len(p.Changes), p.MaxChanges)
	case !p.Expires.After(p.Created):
		return errors.New("it expires before it was made")
	}
	seen := map[string]bool{}
	for i := range p.Changes {
		change := &p.Changes[i]
		if err := change.check(); err != nil {
			return fmt.Errorf("change %d (%q): %w", i, change.ID, err)
		}
		if seen[change.ID] {
			return fmt.Errorf("change %d: the id %q stands in it twice", i, change.ID)
		}
		seen[change.ID] = true
	}
	return nil
}

func (c *Change) check() error {
	action, known := action(c.Action)
	switch {
	case !known:
		return fmt.Errorf("the action %q is unknown", c.Action)
	case !slices.Contains(risks(), c.Risk):
		return fmt.Errorf("the risk %q is unknown; known are %q", c.Risk, risks())
	case len(c.Mends) == 0:
		return errors.New("it mends nothing")
	case c.Reversible != (c.Undo != nil):
		return errors.New("it is reversible exactly where it has an undo")
	case !action.permits(c.Request):
		return fmt.Errorf("the action %s doesn't send this %s %q", c.Action, c.Request.Method, c.Request.Path)
	case c.Undo != nil && !action.permits(*c.Undo):
		return fmt.Errorf("the action %s doesn't send this %s %q", c.Action, c.Undo.Method, c.Undo.Path)
	}
	values := []*json.RawMessage{&c.Before, &c.After, &c.Request.Body}
	if c.Undo != nil {
		values = append(values, &c.Undo.Body)
	}
	for _, conditions := range [][]Condition{c.Needs, c.UndoNeeds} {
		for i := range conditions {
			values = append(values, &conditions[i].State)
		}
	}
	for _, value := range values {
		if err := makeCompact(value); err != nil {
			return err
		}
	}
	if want := c.id(); c.ID != want {
		return fmt.Errorf("its id would be %s", want)
	}
	return nil
}

// makeCompact takes the white space out of a value, which plan.json has indented.
func makeCompact(value *json.RawMessage) error {
	if len(*value) == 0 {
		*value = nil
		return nil
	}
	var out bytes.Buffer
	if err := json.Compact(&out, *value); err != nil {
		return err
	}
	*value = out.Bytes()
	return nil
}

// id names a change by what it does, so that two plans call the same change the same.
func (c *Change) id() string {
	hash := sha256.New()
	for _, part := range []string{c.Action, c.Request.Method, c.Request.Path, string(c.Request.Body)} {
		fmt.Fprintf(hash, "%d %s\n", len(part), part)
	}
	return hex.EncodeToString(hash.Sum(nil)[:6])
}
