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
	"reflect"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/remediation"
)

// Ran says which run is recorded: of applying a plan, or of taking it back.
type Ran struct {
	Tool    findings.Tool
	Journal string
	// Undo says that the plan was taken back. What follows is of applying it alone.
	Undo bool
	// Plan is the plan's file, and Approved says whether its approval was checked.
	Plan     string
	Approved bool
}

// JournalOf is the journal of a plan: plan.journal for plan.json.
func JournalOf(plan string) string { return strings.TrimSuffix(plan, ".json") + journalEnding }

// VerifiedOf is the folder with the fresh evidence and the result that verify what a journal
// tells: plan.verified for plan.journal.
func VerifiedOf(journal string) string {
	return strings.TrimSuffix(journal, journalEnding) + ".verified"
}

// PlanOf is the plan of a journal: plan.json for plan.journal.
func PlanOf(journal string) string { return strings.TrimSuffix(journal, journalEnding) + ".json" }

const journalEnding = ".journal"

// record is where the record of a run stands: plan.record.json or plan.rollback.json.
func (r Ran) record() string {
	if r.Undo {
		return strings.TrimSuffix(r.Journal, journalEnding) + ".rollback.json"
	}
	return strings.TrimSuffix(r.Journal, journalEnding) + ".record.json"
}

// runPredicate is what the signature of a run's record says of it besides its hash
// (signing.Remediation).
type runPredicate struct {
	Tool    string          `json:"tool"`
	Tenant  findings.Tenant `json:"tenant"`
	Kind    string          `json:"kind"`
	Plan    string          `json:"plan"`
	Journal string          `json:"journal"`
}

func runPredicateOf(record *remediation.RunRecord) runPredicate {
	return runPredicate{toolText(record.Tool), record.Tenant, record.Run.Kind, record.Run.Plan, record.Files.Journal.SHA256}
}

// RecordRun writes the record of a run beside its journal, and a signature if there is a key. It
// returns where the record stands.
func RecordRun(ran Ran, key *signing.Key) (string, error) {
	account, err := remediation.ReadAccount(ran.Journal, ran.Undo, 0)
	if err != nil {
		return "", err
	}
	record := &remediation.RunRecord{
		Version: remediation.Version, Tool: ran.Tool, Tenant: account.Tenant, Run: account.Run,
		Files: remediation.RunFiles{Journal: remediation.RunFile{File: filepath.Base(ran.Journal), SHA256: account.SHA256, Size: account.Size}},
	}
	if !ran.Undo {
		// What was applied, whatever has become of the file since.
		record.Files.Plan = &remediation.RunFile{File: filepath.Base(ran.Plan), SHA256: account.Run.Plan}
	}
	folder := filepath.Dir(ran.Journal)
	for _, file := range []struct {
		there bool
		path  string
		in    **remediation.RunFile
	}{
		{ran.Approved, filepath.Base(ApprovalOf(ran.Plan)), &record.Files.Approval},
		{account.Run.Evidence != "", filepath.Join(filepath.Base(VerifiedOf(ran.Journal)), ResultFile), &record.Files.Verification},
	} {
		if !file.there {
			continue
		}
		sum, err := sumOfFile(filepath.Join(folder, file.path))
		if err != nil {
			return "", err
		}
		*file.in = &remediation.RunFile{File: filepath.ToSlash(file.path), SHA256: sum}
	}
	path := ran.record()
	if err := os.Remove(envelopeOf(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	digest := sha256.New()
	if err := record.Write(digest); err != nil {
		return "", err
	}
	if err := WriteFile(path, record.Write); err != nil || key == nil {
		return path, err
	}
	return path, signFile(path, hex.EncodeToString(digest.Sum(nil)), signing.Remediation, runPredicateOf(record), key)
}

func sumOfFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	digest := sha256.New()
	_, err = io.Copy(digest, file)
	return hex.EncodeToString(digest.Sum(nil)), err
}

// Recorded is the record of a run whose signature, if there is one, holds.
type Recorded struct {
	*remediation.RunRecord
	// Digest is the lower-case hex sha256 of the record's file.
	Digest  string
	Signers []signing.Signer
}

// Remediated is the run as a result names it.
func (r *Recorded) Remediated() findings.Remediated {
	run := findings.Remediated{Record: r.Digest, Run: r.Run}
	if len(r.Signers) > 0 {
		signature := findings.Signature(r.Signers[0])
		run.Signature = &signature
	}
	return run
}

// VerifyRun reads the record of a run, checks the signature beside it as VerifyResult does, and
// then everything that it names: the plan and its signature, the approval, that the journal
// tells what the record says, and the result and the evidence by which it was verified.
// approvalsOf returns whose approvals count of a tenant; without Approvers an approval is held
// against the record alone. What is wrong is an *evidence.TamperedError.
func VerifyRun(path string, trust signing.Trust, approvalsOf func(tenantID string) (Approvals, error)) (*Recorded, error) {
	text, err := readBounded(path, remediation.MaxRecord)
	if err != nil {
		return nil, fmt.Errorf("reading the record of a run: %w", err)
	}
	envelope, err := ReadEnvelope(path)
	if err != nil {
		return nil, err
	}
	read, err := ReadRun(path, text, envelope, trust)
	if err != nil {
		return nil, err
	}
	record := read.RunRecord
	approvals, err := approvalsOf(record.Tenant.ID)
	if err != nil {
		return nil, err
	}
	check := named{record: record, folder: filepath.Dir(path), trust: trust, approvals: approvals}
	for _, part := range []func() error{check.journal, check.plan, check.verification} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return read, nil
}

// ReadRun reads the text of a run's record and checks its signature, if there is one. The path
// names it in errors; the files that the record names may be elsewhere, and are not looked at.
func ReadRun(path string, text, envelope []byte, trust signing.Trust) (*Recorded, error) {
	record, err := remediation.DecodeRecord(text)
	if err != nil {
		return nil, err
	}
	read := &Recorded{RunRecord: record, Digest: sumOf(text)}
	statement, signers, err := verifyEnvelope(envelope, path, read.Digest, signing.Remediation, trust)
	if err != nil {
		return nil, err
	}
	var said runPredicate
	if len(signers) > 0 && (json.Unmarshal(statement.Predicate, &said) != nil || said != runPredicateOf(record)) {
		return nil, wrong(envelopeOf(path), "what it says of the run is not what the record says")
	}
	read.Signers = signers
	return read, nil
}

// readBounded reads a file that may come from anywhere.
func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most+1))
}

// named checks the files that a record names.
type named struct {
	record    *remediation.RunRecord
	folder    string
	trust     signing.Trust
	approvals Approvals
	account   *remediation.Account // of the journal, once that was checked
}

func (n *named) path(file remediation.RunFile) string {
	return filepath.Join(n.folder, filepath.FromSlash(file.File))
}

// journal holds the record against its journal, as far as that went.
func (n *named) journal() error {
	file := n.record.Files.Journal
	path := n.path(file)
	if file.Size <= 0 {
		return wrong(path, "the record doesn't say how much of it counts")
	}
	account, err := remediation.ReadAccount(path, n.record.Run.Kind == "rollback", file.Size)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong(path, "it is missing")
	case err != nil:
		return wrong(path, err.Error())
	case account.SHA256 != file.SHA256:
		return wrong(path, "it is not the journal that the record names")
	case account.Tenant != n.record.Tenant || !reflect.DeepEqual(normalised(account.Run), normalised(n.record.Run)):
		return wrong(path, "it doesn't tell what the record says")
	}
	n.account = account
	return nil
}

// normalised is a run as a result's file has it.
func normalised(run findings.Run) findings.Run {
	result := findings.Result{Remediations: []findings.Remediated{{Run: run}}}
	return result.Normalised().Remediations[0].Run
}

// text reads a file that the record names, and holds it against its sha256.
func (n *named) text(file remediation.RunFile, most int64) ([]byte, error) {
	path := n.path(file)
	text, err := readBounded(path, most)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, wrong(path, "it is missing")
	case err != nil:
		return nil, err
	case sumOf(text) != file.SHA256:
		return nil, wrong(path, "it is not the file that the record names")
	}
	return text, nil
}

// plan checks the plan, its signature and its approval. A rollback rests on the journal alone.
func (n *named) plan() error {
	files := n.record.Files
	if applied := n.record.Run.Kind == "apply"; applied != (files.Plan != nil) || (files.Approval != nil) != (n.record.Run.Approval != nil) {
		return wrong(n.folder, "the record doesn't name the files that such a run has")
	}
	if files.Plan == nil {
		return nil
	}
	path := n.path(*files.Plan)
	text, err := n.text(*files.Plan, remediation.MaxPlan)
	if err != nil {
		return err
	}
	if !n.account.Of(text) {
		return wrong(path, "it is not the plan that the journal tells of")
	}
	// A plan of whose author no key is known is of an unknown author, which says nothing against it.
	authors := slices.Concat(n.trust, n.approvals.Approvers)
	if _, _, err := VerifyPlan(path, text, authors); err != nil {
		return err
	}
	if files.Approval == nil {
		return nil
	}
	if ApprovalOf(path) != n.path(*files.Approval) {
		return wrong(n.path(*files.Approval), "it is not where the plan's approval stands")
	}
	envelope, err := n.text(*files.Approval, signing.MaxEnvelope)
	if err != nil {
		return err
	}
	approval := n.record.Run.Approval
	if approval.Time.After(n.record.Run.Began) {
		return wrong(ApprovalOf(path), "it was given after the run had begun")
	}
	if len(n.approvals.Approvers) > 0 {
		held, err := n.approvals.Approved(path, text)
		if err != nil {
			return wrong(ApprovalOf(path), err.Error())
		}
		if *held != *approval {
			return wrong(ApprovalOf(path), "it is not the approval that the record tells of")
		}
		return nil
	}
	statement, _, err := signing.Verify(envelope, signing.Approval, nil)
	if err != nil {
		return wrong(ApprovalOf(path), err.Error())
	}
	var said approvalPredicate
	if json.Unmarshal(statement.Predicate, &said) != nil || said.Approver != approval.By || said.Reason != approval.Reason || !said.Time.Equal(approval.Time) ||
		len(statement.Subject) != 1 || statement.Subject[0].Digest.SHA256 != files.Plan.SHA256 {
		return wrong(ApprovalOf(path), "it is not the approval that the record tells of")
	}
	return nil
}

// verification checks the result and the evidence by which a run was verified.
func (n *named) verification() error {
	file := n.record.Files.Verification
	if (file != nil) != (n.record.Run.Evidence != "") {
		return wrong(n.folder, "the record doesn't name the files that such a run has")
	}
	if file == nil {
		return nil
	}
	path := n.path(*file)
	digest, err := sumOfFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong(path, "it is missing")
	case err != nil:
		return err
	case digest != file.SHA256:
		return wrong(path, "it is not the file that the record names")
	}
	result, _, _, err := VerifyResult(path, n.trust)
	if err != nil {
		return err
	}
	if result.Digests.Evidence != n.record.Run.Evidence || result.Tenant.ID != n.record.Tenant.ID {
		return wrong(path, "it is not the result that the journal tells of")
	}
	if !n.account.Bears(result) {
		return wrong(path, "it gives other verdicts than the journal tells")
	}
	folder := filepath.Join(filepath.Dir(path), EvidenceFolder)
	bundle, err := evidence.Verify(folder, n.trust)
	switch {
	case errors.As(err, new(*evidence.TamperedError)):
		return err
	case err != nil:
		return wrong(folder, err.Error())
	case bundle.Manifest.Digest() != n.record.Run.Evidence:
		return wrong(folder, "it is not the evidence that the result rests on")
	}
	return nil
}
