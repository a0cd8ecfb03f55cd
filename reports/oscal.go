package reports

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// The version of OSCAL's assessment results model that the report keeps to
// (https://pages.nist.gov/OSCAL-Reference/models/v1.1.3/assessment-results/json-reference/),
// and the namespace of the properties that the model leaves to a tool.
const (
	oscalVersion = "1.1.3"
	oscalSpace   = homepage + "/ns/oscal"
)

type oscalDocument struct {
	UUID       string          `json:"uuid"`
	Metadata   oscalMetadata   `json:"metadata"`
	ImportAP   oscalImport     `json:"import-ap"`
	BackMatter oscalBackMatter `json:"back-matter"`
}

type oscalMetadata struct {
	Title        string      `json:"title"`
	LastModified string      `json:"last-modified"`
	Version      string      `json:"version"`
	OSCALVersion string      `json:"oscal-version"`
	Props        []oscalProp `json:"props,omitempty"`
}

type oscalImport struct {
	Href    string `json:"href"`
	Remarks string `json:"remarks,omitempty"`
}

type oscalBackMatter struct {
	Resources []oscalResource `json:"resources"`
}

type oscalResource struct {
	UUID        string      `json:"uuid"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Props       []oscalProp `json:"props,omitempty"`
	RLinks      []oscalLink `json:"rlinks,omitempty"`
}

type oscalLink struct {
	Href string `json:"href"`
}

type oscalProp struct {
	Name  string `json:"name"`
	NS    string `json:"ns"`
	Value string `json:"value"`
}

// oscalResult is one result of an assessment, without its long lists.
type oscalResult struct {
	UUID             string        `json:"uuid"`
	Title            string        `json:"title"`
	Description      string        `json:"description"`
	Start            string        `json:"start"`
	End              string        `json:"end"`
	Props            []oscalProp   `json:"props,omitempty"`
	ReviewedControls oscalReviewed `json:"reviewed-controls"`
	Log              *oscalLog     `json:"assessment-log,omitempty"`
	Remarks          string        `json:"remarks,omitempty"`
}

type oscalReviewed struct {
	Selections []oscalSelection `json:"control-selections"`
	Remarks    string           `json:"remarks,omitempty"`
}

type oscalSelection struct {
	Description string           `json:"description"`
	Include     []oscalControlID `json:"include-controls,omitempty"`
}

type oscalControlID struct {
	ID string `json:"control-id"`
}

type oscalLocal struct {
	Components []oscalComponent `json:"components"`
	Assets     oscalAssets      `json:"assessment-assets"`
}

type oscalAssets struct {
	Components []oscalComponent `json:"components"`
	Platforms  []oscalPlatform  `json:"assessment-platforms"`
}

type oscalComponent struct {
	UUID        string      `json:"uuid"`
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Props       []oscalProp `json:"props,omitempty"`
	Status      oscalState  `json:"status"`
}

type oscalState struct {
	State string `json:"state"`
}

type oscalPlatform struct {
	UUID  string      `json:"uuid"`
	Title string      `json:"title"`
	Uses  []oscalUsed `json:"uses-components"`
}

type oscalUsed struct {
	Component string `json:"component-uuid"`
}

type oscalItem struct {
	UUID        string      `json:"uuid"`
	Description string      `json:"description"`
	Props       []oscalProp `json:"props,omitempty"`
}

// oscalReport makes the parts of a report from a normalised result.
type oscalReport struct {
	result   *findings.Result
	grouped  map[string][]findings.Finding
	evidence map[string]findings.Evidence
	waivers  map[string]findings.Waiver
	controls []oscalControl
}

// writeOSCAL writes the Result as OSCAL assessment results: an observation for every rule
// and every finding, a risk for every violated rule, and a finding for every control that
// a rule supports. Its UUIDs are made from fingerprints, so that they outlive a scan.
func writeOSCAL(w io.Writer, result *findings.Result) error {
	report := newOSCALReport(result.Normalised())
	out := newJSONStream(w)
	out.raw(`{"assessment-results":`)
	out.open(report.document())
	out.raw(`,"results":[`)
	out.open(report.head())
	out.raw(`,"local-definitions":`)
	out.open(report.local())
	member(out, "inventory-items", report.items())
	out.raw("}")
	member(out, "observations", report.observations())
	member(out, "risks", report.risks())
	member(out, "findings", report.findings())
	out.raw("}]}}\n")
	if err := out.end(); err != nil {
		return fmt.Errorf("writing the OSCAL report: %w", err)
	}
	return nil
}

func newOSCALReport(result *findings.Result) *oscalReport {
	report := &oscalReport{result: result, grouped: byRule(result.Findings), evidence: map[string]findings.Evidence{}, waivers: waiversByID(result)}
	for _, evidence := range result.Evidence {
		report.evidence[evidence.Kind] = evidence
	}
	report.controls = oscalControls(result)
	return report
}

func (r *oscalReport) document() oscalDocument {
	d := r.result.Digests
	plan := nameUUID("plan", r.result.Tenant.ID)
	resource := oscalResource{
		UUID:        plan,
		Title:       "What was assessed, and against what",
		Description: "No assessment plan in OSCAL was given. The rules, their parameters and the waivers stand in its stead; the digests name them.",
		Props: oscalProps("profile", r.result.Profile, "evidence-sha256", d.Evidence, "policies-sha256", d.Policies,
			"parameters-sha256", d.Params, "waivers-sha256", d.Waivers, "previous-result-sha256", d.Previous),
	}
	if uri := relativeURI(r.result.Config.URI); uri != "" {
		resource.RLinks = []oscalLink{{Href: uri}}
	}
	return oscalDocument{
		UUID: nameUUID("assessment-results", r.result.Tenant.ID, oscalTime(r.result.Finished), d.Evidence, d.Policies, d.Params, d.Waivers, d.Previous),
		Metadata: oscalMetadata{
			Title:        "domicile: " + oscalText(tenantName(r.result.Tenant)),
			LastModified: oscalTime(r.result.Finished),
			Version:      oscalTime(r.result.Finished),
			OSCALVersion: oscalVersion,
			Props:        oscalProps("tool", r.result.Tool.Name, "tool-version", r.result.Tool.Version),
		},
		ImportAP:   oscalImport{Href: "#" + plan},
		BackMatter: oscalBackMatter{Resources: []oscalResource{resource}},
	}
}

func (r *oscalReport) head() oscalResult {
	return oscalResult{
		UUID:        nameUUID("result", r.result.Tenant.ID, oscalTime(r.result.Finished)),
		Title:       "Evaluation of the tenant " + oscalText(tenantName(r.result.Tenant)),
		Description: oscalText(coverage(r.result.Summary)),
		Start:       oscalTime(r.result.Started),
		End:         oscalTime(r.result.Finished),
		Props: append(oscalProps("exit-code", fmt.Sprint(r.result.Exit.Code), "exit-reason", r.result.Exit.Reason, "chosen", chosen(r.result), "pseudonyms", Pseudonyms(r.result)),
			oscalSignature(r.result.Signature)...),
		ReviewedControls: oscalReviewed{
			Selections: r.selections(),
			Remarks:    "A control is listed if a rule that applies supports it. Coverage says how far: full is what the control's audit asks for, part is one of several conditions, evidence supports a demonstration. Part and evidence alone never show that a control is satisfied.",
		},
		Log:     r.log(),
		Remarks: r.gaps(),
	}
}

// gaps says what evidence is missing.
func (r *oscalReport) gaps() string {
	var said string
	for _, gap := range r.result.Gaps {
		said += oscalText(gapSentence(gap)) + "\n\n"
	}
	return said
}

// The identities of the tenant and of the tool in all reports of a tenant.
func (r *oscalReport) tenant() string { return nameUUID("tenant", r.result.Tenant.ID) }
func (r *oscalReport) tool() string   { return nameUUID("tool", r.result.Tool.Version) }

func (r *oscalReport) local() oscalLocal {
	tool := r.tool()
	return oscalLocal{
		Components: []oscalComponent{{
			UUID: r.tenant(), Type: "service", Title: oscalText(tenantName(r.result.Tenant)), Description: "The Microsoft 365 tenant that was assessed.",
			Props: oscalProps("tenant-id", r.result.Tenant.ID, "microsoft-cloud", r.result.Tenant.Cloud), Status: oscalState{State: "operational"},
		}},
		Assets: oscalAssets{
			Components: []oscalComponent{{
				UUID: tool, Type: "software", Title: "domicile", Description: "Reads a tenant's evidence, judges it by rules and reports.",
				Props: oscalProps("version", r.result.Tool.Version), Status: oscalState{State: "operational"},
			}},
			Platforms: []oscalPlatform{{UUID: nameUUID("platform", r.result.Tool.Version), Title: "domicile", Uses: []oscalUsed{{Component: tool}}}},
		},
	}
}

// items yields what the findings are about, each once.
func (r *oscalReport) items() iter.Seq[oscalItem] {
	return func(yield func(oscalItem) bool) {
		seen := map[string]bool{}
		for _, finding := range r.result.Findings {
			id := r.item(finding.Resource)
			if finding.Resource.Kind == "tenant" || seen[id] {
				continue
			}
			seen[id] = true
			if !yield(oscalItem{
				UUID: id, Description: oscalText(resourceName(finding.Resource)),
				Props: oscalProps("kind", finding.Resource.Kind, "id", clean(finding.Resource.ID, textLimit)),
			}) {
				return
			}
		}
	}
}

func (r *oscalReport) item(resource findings.Resource) string {
	return nameUUID("resource", r.result.Tenant.ID, resource.Kind, resource.ID)
}

// oscalSignature says who signed the evidence.
func oscalSignature(signature *findings.Signature) []oscalProp {
	word := oscalProps("signature", signatureWord(signature))
	if signature == nil {
		return word
	}
	return append(word, oscalProps("signature-key", signature.KeyID, "signature-name", signature.Name)...)
}

// oscalProps are properties by name and value; those without a value are left out, as the
// model wants one.
func oscalProps(pairs ...string) []oscalProp {
	var props []oscalProp
	for pair := range slices.Chunk(pairs, 2) {
		if value := oscalString(pair[1]); value != "" {
			props = append(props, oscalProp{Name: pair[0], NS: oscalSpace, Value: value})
		}
	}
	return props
}

// oscalTime is a time as the model wants it; it has no word for an unknown one.
func oscalTime(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}
