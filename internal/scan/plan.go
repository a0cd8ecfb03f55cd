package scan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/secure/precis"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/remediation"
)

// approvalEnding ends the name of the file that holds the approval of a plan.
const approvalEnding = ".approval" + envelopeEnding

// ApprovalOf is where the approval of a plan stands: plan.approval.dsse.json for plan.json.
func ApprovalOf(path string) string { return strings.TrimSuffix(path, ".json") + approvalEnding }

// planPredicate is what a plan's signature says of it besides its hash (signing.Plan).
type planPredicate struct {
	Tool    string              `json:"tool"`
	Tenant  findings.Tenant     `json:"tenant"`
	Digests remediation.Digests `json:"digests"`
	Author  string              `json:"author"`
	Expires time.Time           `json:"expires"`
}

func planPredicateOf(plan *remediation.Plan) planPredicate {
	return planPredicate{Tool: toolText(plan.Tool), Tenant: plan.Tenant, Digests: plan.Digests, Author: plan.Author, Expires: plan.Expires}
}

func toolText(tool findings.Tool) string { return tool.Name + " " + tool.Version }

// WritePlan writes a plan, and its author's signature if there is a key. The signature and the
// approval of an earlier plan of that name go first: they are not this one's.
func WritePlan(path string, plan *remediation.Plan, key *signing.Key) error {
	for _, earlier := range []string{envelopeOf(path), ApprovalOf(path)} {
		if err := os.Remove(earlier); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := WriteFile(path, plan.Write); err != nil || key == nil {
		return err
	}
	digest := sha256.New()
	if err := plan.Write(digest); err != nil {
		return err
	}
	return signFile(path, hex.EncodeToString(digest.Sum(nil)), signing.Plan, planPredicateOf(plan), key)
}

// VerifyPlan reads the plan in a file's text and checks the signature beside the file, if there
// is one, as VerifyResult does. It returns who signed, too.
func VerifyPlan(path string, text []byte, trust signing.Trust) (*remediation.Plan, []signing.Signer, error) {
	plan, err := remediation.Decode(text)
	if err != nil {
		return nil, nil, err
	}
	statement, signers, err := verifyFile(path, sumOf(text), signing.Plan, trust)
	if err != nil {
		return nil, nil, err
	}
	var said planPredicate
	if len(signers) > 0 && (json.Unmarshal(statement.Predicate, &said) != nil || said != planPredicateOf(plan)) {
		return nil, nil, wrong(envelopeOf(path), "what it says of the plan is not what the plan says")
	}
	return plan, signers, nil
}

// sumOf is the lower-case hex sha256 of a file's text.
func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Approvals says whose approvals of plans count: an approver's, who isn't the plan's author.
type Approvals struct {
	// Approvers are the keys of those who may approve. One without a name is that of a service
	// that signs people in and names them itself; what the key of a person says of another
	// doesn't count.
	Approvers signing.Trust
	// Authors are the keys, besides those, whose signatures say who made a plan.
	Authors signing.Trust
}

// Approving says how a plan is approved.
type Approving struct {
	Tool findings.Tool
	// By is who approves; empty for the person whose key it is.
	By     string
	Reason string
	Time   time.Time
}

// approvalPredicate is what an approval says of a plan besides its hash (signing.Approval).
type approvalPredicate struct {
	Tool     string          `json:"tool"`
	Tenant   findings.Tenant `json:"tenant"`
	Expires  time.Time       `json:"expires"`
	Approver string          `json:"approver"`
	Reason   string          `json:"reason"`
	Time     time.Time       `json:"time"`
}

// Approve approves the plan in a file's text: it writes the approval beside the file. Whether
// the plan is sound is the caller's to check (remediation.Plan.Check).
func (a Approvals) Approve(path string, text []byte, how Approving, key *signing.Key) (*findings.Approval, error) {
	plan, err := a.authored(path, text)
	if err != nil {
		return nil, err
	}
	if held, err := a.Approved(path, text); err == nil {
		return nil, fmt.Errorf("%s has approved it on %s", held.By, held.Time.Format(time.RFC3339))
	}
	known, listed := a.Approvers.Key(key.ID())
	if !listed {
		return nil, fmt.Errorf("%s is not among those that may approve; name its public half under remediation.approvers", key)
	}
	if how.By == "" {
		how.By = known.Name
	}
	approval := findings.Approval{By: how.By, KeyID: key.ID(), Time: how.Time.UTC(), Reason: how.Reason}
	if err := plan.takes(approval, known.Name); err != nil {
		return nil, err
	}
	statement, err := signing.NewStatement(signing.Approval, approvalPredicate{
		Tool: toolText(how.Tool), Tenant: plan.Tenant, Expires: plan.Expires, Approver: approval.By, Reason: approval.Reason, Time: approval.Time,
	}, signing.Subject{Name: filepath.Base(path), Digest: signing.Digest{SHA256: sumOf(text)}})
	if err != nil {
		return nil, err
	}
	envelope, err := signing.Sign(key, statement)
	if err != nil {
		return nil, err
	}
	return &approval, WriteFile(ApprovalOf(path), func(w io.Writer) error { _, err := w.Write(envelope); return err })
}

// Approved reads the approval beside a plan's file and returns who approved the plan in the
// text, or why nobody did.
func (a Approvals) Approved(path string, text []byte) (*findings.Approval, error) {
	if len(a.Approvers) == 0 {
		return nil, errors.New("nobody's counts; name the public keys of those who may approve under remediation.approvers")
	}
	envelope, err := readEnvelope(ApprovalOf(path))
	if err != nil {
		return nil, err
	}
	if envelope == nil {
		return nil, fmt.Errorf("there is none in %s; have somebody other than the author run domicile remediate approve", ApprovalOf(path))
	}
	statement, signers, err := signing.Verify(envelope, signing.Approval, a.Approvers)
	if err != nil {
		return nil, err
	}
	if len(statement.Subject) != 1 || statement.Subject[0].Digest.SHA256 != sumOf(text) {
		return nil, errors.New("it is of another plan, or the plan was changed since")
	}
	plan, err := a.authored(path, text)
	if err != nil {
		return nil, err
	}
	var said approvalPredicate
	if err := json.Unmarshal(statement.Predicate, &said); err != nil {
		return nil, errors.New("what it says can't be read")
	}
	switch {
	case !strings.EqualFold(said.Tenant.ID, plan.Tenant.ID):
		return nil, fmt.Errorf("it is of tenant %s and the plan of %s", said.Tenant.ID, plan.Tenant.ID)
	case !said.Expires.Equal(plan.Expires):
		return nil, fmt.Errorf("it is of a plan that expires on %s", said.Expires.Format(time.RFC3339))
	}
	// One that holds is enough, whoever else has signed.
	for _, signer := range signers {
		approval := findings.Approval{By: said.Approver, KeyID: signer.KeyID, Time: said.Time, Reason: said.Reason}
		if err = plan.takes(approval, signer.Name); err == nil {
			return &approval, nil
		}
	}
	return nil, err
}

// authoredPlan is a plan of which it is known who made it.
type authoredPlan struct {
	*remediation.Plan
	authors []signing.Signer
}

// authored reads a plan and checks that its author signed it.
func (a Approvals) authored(path string, text []byte) (authoredPlan, error) {
	plan, authors, err := VerifyPlan(path, text, slices.Concat(a.Authors, a.Approvers))
	switch {
	case err != nil:
		return authoredPlan{}, err
	case len(authors) == 0:
		return authoredPlan{}, errors.New("the plan is not signed, so that nobody knows who made it; make it with --key, or with a signing_key in the configuration")
	case plan.Author == "":
		return authoredPlan{}, errors.New("the plan doesn't say who made it; make it with --author")
	}
	if _, err := person(plan.Author); err != nil {
		return authoredPlan{}, err
	}
	for _, author := range authors {
		if known, approver := a.Approvers.Key(author.KeyID); approver && known.Name != "" && known.Name != plan.Author {
			return authoredPlan{}, fmt.Errorf("the plan is signed by the key of %s and names %s as its author", known.Name, plan.Author)
		}
	}
	return authoredPlan{plan, authors}, nil
}

// person is a name as it is compared: without regard to letter case, width, composition and
// spaces (RFC 8266). A name with characters that nobody sees is an error.
func person(name string) (string, error) {
	key, err := precis.Nickname.CompareKey(name)
	if err != nil {
		return "", fmt.Errorf("the name %+q has characters that can't be told apart from others", name)
	}
	return key, nil
}

// takes says why an approval by a key doesn't count. The key's name is whose it is; without
// one it is that of a service, which may have signed both for the author and for the approver.
func (p authoredPlan) takes(approval findings.Approval, keyName string) error {
	switch {
	case approval.By == "":
		return errors.New("it doesn't say who approves: the key has no name under remediation.approvers")
	case strings.TrimSpace(approval.Reason) == "":
		return errors.New("it gives no reason")
	case keyName != "" && approval.By != keyName:
		return fmt.Errorf("it is signed by the key of %s and names %s", keyName, approval.By)
	}
	names := []string{approval.By}
	// A service puts the id of who signed in behind the name, in brackets.
	if id := strings.LastIndex(approval.By, " ("); keyName == "" && id > 0 {
		names = append(names, approval.By[:id])
	}
	for _, name := range names {
		by, err := person(name)
		if err != nil {
			return err
		}
		if author, _ := person(p.Author); author == by {
			return fmt.Errorf("%s made the plan; somebody else has to approve it", p.Author)
		}
		for _, author := range p.authors {
			if signed, _ := person(author.Name); signed == by {
				return fmt.Errorf("the key of %s signed the plan as its author's; somebody else has to approve it", name)
			}
		}
	}
	return nil
}
