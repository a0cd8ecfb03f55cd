package scan_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/remediation"
)

var tool = findings.Tool{Name: "domicile", Version: "test"}

// newPlan writes a plan by ada into a folder, which the key, if any, signs, and returns its path
// and text.
func newPlan(t *testing.T, key *signing.Key, change func(*remediation.Plan)) (string, []byte) {
	t.Helper()
	text, err := os.ReadFile("../../remediation/testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := remediation.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	plan.Author = "ada"
	if change != nil {
		change(plan)
	}
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := scan.WritePlan(path, plan, key); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, text
}

func TestSignedPlan(t *testing.T) {
	key, pipeline := newKey(t, "pipeline")
	path, text := newPlan(t, key, nil)
	plan, signers, err := scan.VerifyPlan(path, text, signing.Trust{pipeline})
	if err != nil || plan.Author != "ada" || len(signers) != 1 || signers[0].Name != "pipeline" {
		t.Fatalf("VerifyPlan() = %v, %v", signers, err)
	}
	changed := bytes.Replace(text, []byte(`"author": "ada"`), []byte(`"author": "eve"`), 1)
	if _, _, err := scan.VerifyPlan(path, changed, signing.Trust{pipeline}); err == nil || !strings.Contains(err.Error(), "not the file that was signed") {
		t.Errorf("VerifyPlan() of a changed plan = %v", err)
	}
	// An unsigned plan takes the place of a signed one, and of its approval.
	if err := os.WriteFile(scan.ApprovalOf(path), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := scan.WritePlan(path, plan, nil); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.dsse.json")); len(left) > 0 {
		t.Errorf("the signatures of an earlier plan are left: %v", left)
	}
}

func TestApproved(t *testing.T) {
	pipelineKey, pipeline := newKey(t, "pipeline")
	bobKey, bob := newKey(t, "bob")
	serverKey, server := newKey(t, "")
	approvals := scan.Approvals{Approvers: signing.Trust{bob, server}, Authors: signing.Trust{pipeline}}
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		author, approver *signing.Key
		how              scan.Approving
		by               string
	}{
		{pipelineKey, bobKey, scan.Approving{Tool: tool, Reason: "Agreed.", Time: at}, "bob"},
		{pipelineKey, serverKey, scan.Approving{Tool: tool, By: "eve", Reason: "Agreed.", Time: at}, "eve"},
		{serverKey, serverKey, scan.Approving{Tool: tool, By: "eve", Reason: "Agreed.", Time: at}, "eve"},
	} {
		path, text := newPlan(t, tt.author, nil)
		if _, err := approvals.Approve(path, text, tt.how, tt.approver); err != nil {
			t.Fatal(err)
		}
		got, err := approvals.Approved(path, text)
		want := findings.Approval{By: tt.by, KeyID: tt.approver.ID(), Time: at, Reason: "Agreed."}
		if err != nil || *got != want {
			t.Errorf("Approved() = %+v, %v, want %+v", got, err, want)
		}
	}
}

// TestNotApproved: each way in which an approval doesn't count, on writing it where that can
// be known, and always on reading it.
func TestNotApproved(t *testing.T) {
	pipelineKey, pipeline := newKey(t, "pipeline")
	bobKey, bob := newKey(t, "bob")
	adaKey, ada := newKey(t, "Ada")
	eveKey, eve := newKey(t, "eve")
	serverKey, server := newKey(t, "")
	trusted := scan.Approvals{Approvers: signing.Trust{bob, ada, server}, Authors: signing.Trust{pipeline}}
	trusting := scan.Approvals{Approvers: append(signing.Trust{eve}, trusted.Approvers...), Authors: signing.Trust{pipeline, eve}}
	agreed := scan.Approving{Tool: tool, Reason: "Agreed.", Time: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	named := func(name string) scan.Approving { how := agreed; how.By = name; return how }
	other := func(p *remediation.Plan) { p.MaxChanges++ }

	// What is refused when it is written.
	for name, tt := range map[string]struct {
		author, approver *signing.Key
		how              scan.Approving
		says             string
	}{
		"a key that isn't listed":            {pipelineKey, eveKey, agreed, "is not among those that may approve"},
		"the author's own key":               {bobKey, bobKey, agreed, "signed by the key of bob and names ada as its author"},
		"the author's other key":             {pipelineKey, adaKey, agreed, "ada made the plan; somebody else"},
		"a person in the name of another":    {pipelineKey, bobKey, named("eve"), "signed by the key of bob and names eve"},
		"a service in the author's name":     {pipelineKey, serverKey, named("ADA"), "ada made the plan; somebody else"},
		"a service in the name of who signs": {bobKey, serverKey, named("bob"), "signed by the key of bob and names ada as its author"},
		"a service in nobody's name":         {pipelineKey, serverKey, agreed, "doesn't say who approves"},
		"no reason":                          {pipelineKey, bobKey, scan.Approving{Tool: tool, Reason: " "}, "gives no reason"},
		"an unsigned plan":                   {nil, bobKey, agreed, "nobody knows who made it"},
		"a plan that an unknown key signed":  {eveKey, bobKey, agreed, "which is not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			path, text := newPlan(t, tt.author, nil)
			if _, err := trusted.Approve(path, text, tt.how, tt.approver); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Approve() = %v, want an error that says %q", err, tt.says)
			}
			if _, err := os.Stat(scan.ApprovalOf(path)); err == nil {
				t.Error("an approval is there")
			}
		})
	}

	// What is refused when it is read, whoever wrote it with what program.
	forge := func(key *signing.Key, change map[string]any) func(string, []byte) error {
		return func(path string, text []byte) error {
			plan, err := remediation.Decode(text)
			if err != nil {
				return err
			}
			says := map[string]any{"tool": "t", "tenant": plan.Tenant, "expires": plan.Expires, "approver": "bob", "reason": "r", "time": plan.Created}
			maps.Copy(says, change)
			statement, err := signing.NewStatement(signing.Approval, says, signing.Subject{Name: "plan.json", Digest: signing.Digest{SHA256: digestOf(text)}})
			if err != nil {
				return err
			}
			envelope, err := signing.Sign(key, statement)
			if err != nil {
				return err
			}
			return os.WriteFile(scan.ApprovalOf(path), envelope, 0o600)
		}
	}
	another, anotherText := newPlan(t, pipelineKey, other)
	if _, err := trusted.Approve(another, anotherText, agreed, bobKey); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		author  *signing.Key
		approve func(path string, text []byte) error
		says    string
	}{
		"nothing": {pipelineKey, func(string, []byte) error { return nil }, "there is none in"},
		"replayed from a plan of the same name": {pipelineKey, func(path string, _ []byte) error {
			return os.Rename(scan.ApprovalOf(another), scan.ApprovalOf(path))
		}, "it is of another plan"},
		"by a key that counts no more": {pipelineKey, func(path string, text []byte) error {
			_, err := trusting.Approve(path, text, agreed, eveKey)
			return err
		}, "which is not trusted"},
		"by the author's key":    {bobKey, forge(bobKey, nil), "signed by the key of bob and names ada as its author"},
		"of another tenant":      {pipelineKey, forge(bobKey, map[string]any{"tenant": findings.Tenant{ID: "another"}}), "it is of tenant another"},
		"until another time":     {pipelineKey, forge(bobKey, map[string]any{"expires": "2030-01-01T00:00:00Z"}), "expires on 2030-01-01"},
		"in the name of another": {pipelineKey, forge(bobKey, map[string]any{"approver": "eve"}), "key of bob and names eve"},
		"without a reason":       {pipelineKey, forge(bobKey, map[string]any{"reason": ""}), "gives no reason"},
		"of another sort":        {pipelineKey, forge(bobKey, map[string]any{"time": 5}), "can't be read"},
		"the plan's own signature": {bobKey, func(path string, _ []byte) error {
			return os.Rename(strings.TrimSuffix(path, ".json")+".dsse.json", scan.ApprovalOf(path))
		}, "a statement of the type"},
		"no envelope": {pipelineKey, func(path string, _ []byte) error {
			return os.WriteFile(scan.ApprovalOf(path), []byte("bob agrees"), 0o600)
		}, "not a DSSE envelope"},
		"an unsigned plan": {nil, forge(bobKey, nil), "nobody knows who made it"},
	} {
		t.Run(name, func(t *testing.T) {
			path, text := newPlan(t, tt.author, nil)
			if err := tt.approve(path, text); err != nil {
				t.Fatal(err)
			}
			if approval, err := trusted.Approved(path, text); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Approved() = %+v, %v, want an error that says %q", approval, err, tt.says)
			}
		})
	}

	path, text := newPlan(t, pipelineKey, nil)
	if _, err := trusted.Approve(path, text, agreed, bobKey); err != nil {
		t.Fatal(err)
	}
	for _, changed := range [][]byte{append(bytes.Clone(text), ' '), bytes.Replace(text, []byte(`"ada"`), []byte(`"eve"`), 1), text[1:]} {
		if _, err := trusted.Approved(path, changed); err == nil || !strings.Contains(err.Error(), "another plan, or the plan was changed") {
			t.Errorf("Approved() of a changed plan = %v", err)
		}
	}
	if _, err := (scan.Approvals{Authors: signing.Trust{pipeline}}).Approved(path, text); err == nil || !strings.Contains(err.Error(), "remediation.approvers") {
		t.Errorf("Approved() where nobody may = %v", err)
	}
	var envelope map[string]json.RawMessage
	if data, err := os.ReadFile(scan.ApprovalOf(path)); err != nil || json.Unmarshal(data, &envelope) != nil || len(envelope) != 3 {
		t.Errorf("the approval is no envelope: %v", err)
	}
}

// TestAuthorsDontApprove: an author stays the author under another spelling, and with the id that a
// service puts behind the name.
func TestAuthorsDontApprove(t *testing.T) {
	pipelineKey, pipeline := newKey(t, "pipeline")
	bobKey, bob := newKey(t, "bob")
	eveKey, eve := newKey(t, "eve")
	serverKey, server := newKey(t, "")
	approvals := scan.Approvals{Approvers: signing.Trust{bob, server}, Authors: signing.Trust{pipeline, eve}}
	for _, tt := range []struct {
		author   string
		signs    *signing.Key
		by       string
		approver *signing.Key
		says     string
	}{
		{"bob", bobKey, "", bobKey, "bob made the plan"},
		{"bob", bobKey, "Bob (S1)", serverKey, "bob made the plan"},
		{"zoe", eveKey, "eve (S2)", serverKey, "the key of eve signed the plan"},
		{"Bob", pipelineKey, "", bobKey, "Bob made the plan"},
		{" bob", pipelineKey, "", bobKey, "bob made the plan"},
		{"ｂｏｂ", pipelineKey, "", bobKey, "made the plan"},
		{"b\u200bob", pipelineKey, "", bobKey, "characters that can't be told apart"},
		{"Zoe\u0301", pipelineKey, "zo\u00e9", serverKey, "made the plan"},
		{"zoe", pipelineKey, "zo\u00ade", serverKey, "characters that can't be told apart"},
		{"ada@contoso.example", pipelineKey, "ada@contoso.example (AbC)", serverKey, "ada@contoso.example made the plan"},
		{"ada@contoso.example (AbC)", pipelineKey, "ada@contoso.example (AbC)", serverKey, "made the plan"},
	} {
		path, text := newPlan(t, tt.signs, func(p *remediation.Plan) { p.Author = tt.author })
		how := scan.Approving{Tool: tool, By: tt.by, Reason: "Agreed."}
		if _, err := approvals.Approve(path, text, how, tt.approver); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("a plan of %q, by %q: Approve() = %v, want an error that says %q", tt.author, tt.by, err, tt.says)
		}
	}
	// Whose approval holds is who approved it: nobody takes the place of another.
	path, text := newPlan(t, pipelineKey, nil)
	if _, err := approvals.Approve(path, text, scan.Approving{Tool: tool, Reason: "Agreed."}, bobKey); err != nil {
		t.Fatal(err)
	}
	if _, err := approvals.Approve(path, text, scan.Approving{Tool: tool, By: "zoe", Reason: "Agreed."}, serverKey); err == nil || !strings.Contains(err.Error(), "bob has approved it") {
		t.Errorf("Approve() of an approved plan = %v", err)
	}
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
