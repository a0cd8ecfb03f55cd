package remediation

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// MaxRecord is the greatest size of the record of a run, which may come from anywhere.
const MaxRecord = 64 << 20

// RunRecord is the record of a run that made changes or took them back: what it rests on, and
// how it ended, in the shape of plan.record.json.
type RunRecord struct {
	Version int             `json:"version"`
	Tool    findings.Tool   `json:"tool"`
	Tenant  findings.Tenant `json:"tenant"`
	Files   RunFiles        `json:"files"`
	// Run is what the journal tells.
	Run findings.Run `json:"run"`
}

// RunFiles are the files that a run rests on or left, which stand beside its record. Plan is
// nil for a rollback, which takes the plan from the journal; Approval where nobody had to
// approve; and Verification, the result on fresh evidence, where nothing was verified.
type RunFiles struct {
	Plan         *RunFile `json:"plan,omitempty"`
	Approval     *RunFile `json:"approval,omitempty"`
	Journal      RunFile  `json:"journal"`
	Verification *RunFile `json:"verification,omitempty"`
}

// RunFile is a file by its path from the record's folder, and its lower-case hex sha256. Of a
// journal, which may go on, the first Size bytes count.
type RunFile struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size,omitempty"`
}

// Write writes the record: indented, and the same bytes for the same record.
func (r *RunRecord) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the record: %w", err)
	}
	return nil
}

// DecodeRecord reads the record of a run strictly. What it says is not yet held against the
// files that it names.
func DecodeRecord(data []byte) (*RunRecord, error) {
	var record RunRecord
	err := decodeRecord(data, &record)
	if err != nil {
		return nil, fmt.Errorf("reading the record of a run: %w; name a plan.record.json or plan.rollback.json", err)
	}
	return &record, nil
}

func decodeRecord(data []byte, record *RunRecord) error {
	if len(data) > MaxRecord {
		return fmt.Errorf("it is larger than %d MiB", MaxRecord>>20)
	}
	if err := checkVersion(data); err != nil {
		return err
	}
	if err := decodeStrictly(data, record); err != nil {
		return err
	}
	if record.Tenant.ID == "" {
		return errors.New("it doesn't say of which tenant it is")
	}
	for _, file := range []*RunFile{record.Files.Plan, record.Files.Approval, &record.Files.Journal, record.Files.Verification} {
		if file != nil && !filepath.IsLocal(file.File) {
			return fmt.Errorf("the file %q is not beside it", file.File)
		}
	}
	return record.Run.Check()
}

// The words of a record for a change that has no outcome: one of which it isn't known whether
// it was carried out, and one that was not begun.
const (
	Pending    Outcome = "pending"
	NotReached Outcome = "not_reached"
)

// Account is what a journal tells of a run: of applying a plan, or of taking it back.
type Account struct {
	Tenant findings.Tenant
	// Plan is the plan that it tells of.
	Plan *Plan
	// SHA256 and Size are of the journal as far as it was read.
	SHA256 string
	Size   int64
	Run    findings.Run
}

// ReadAccount reads what a journal tells of applying its plan, or with undo, of taking it back:
// in its first size bytes, or for 0 in all of its lines that are whole.
func ReadAccount(path string, undo bool, size int64) (*Account, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer file.Close()
	account, err := readAccount(io.LimitReader(file, cmp.Or(size, maxJournal)), undo)
	if err == nil && size > 0 && account.Size != size {
		err = fmt.Errorf("it has %d bytes and not %d", account.Size, size)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journal %s: %w", path, err)
	}
	return account, nil
}

// Of says whether the account is of the plan that a file's text holds.
func (a *Account) Of(file []byte) bool {
	plan, err := Decode(file)
	return err == nil && head{Digest: a.Run.Plan, Plan: a.Plan}.of(digest(file), plan)
}

// Bears says whether a result bears out the verdicts of the account.
func (a *Account) Bears(result *findings.Result) bool {
	for i, change := range a.Run.Changes {
		if change.Verdict == "" {
			continue
		}
		if said, _ := verdict(result, a.Plan.Changes[i]); string(said) != change.Verdict {
			return false
		}
	}
	return true
}

func readAccount(r io.Reader, undo bool) (*Account, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var j journal
	whole, err := j.decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	run := j.applying()
	if undo {
		run = j.undoing()
	}
	return &Account{Tenant: j.head.Plan.Tenant, Plan: j.head.Plan, SHA256: digest(data[:whole]), Size: whole, Run: run}, nil
}

// applying is what a journal tells of applying its plan.
func (j *journal) applying() findings.Run {
	run := j.run("apply", false)
	run.Approval = j.head.Approval
	run.Began = second(j.head.Time)
	run.Ended = later(run.Ended, run.Began)
	records := j.byChange()
	for _, change := range j.head.Plan.Changes {
		made := ended(change, records[change.ID], false)
		for _, record := range records[change.ID] {
			if record.Phase == Verification {
				made.Verdict, made.Message, run.Evidence = string(record.Verdict), cmp.Or(record.Message, made.Message), record.Evidence
			}
		}
		run.Changes = append(run.Changes, made)
	}
	return run
}

// undoing is what a journal tells of taking its plan back.
func (j *journal) undoing() findings.Run {
	run := j.run("rollback", true)
	records := j.byChange()
	for _, change := range slices.Backward(j.head.Plan.Changes) {
		if undone := ended(change, records[change.ID], true); undone.Outcome != string(NotReached) || applied(records[change.ID]) {
			run.Changes = append(run.Changes, undone)
		}
	}
	return run
}

// run is what a journal tells of a run as a whole.
func (j *journal) run(kind string, undo bool) findings.Run {
	run := findings.Run{Kind: kind, Plan: j.head.Digest, Author: j.head.Plan.Author, Changes: []findings.RunChange{}}
	for _, record := range j.records {
		if record.Undo != undo {
			continue
		}
		if run.Began.IsZero() {
			run.Began = second(record.Time)
		}
		run.Ended, run.App, run.Account = later(second(record.Time), run.Ended), record.App, record.Account
	}
	return run
}

// ended is how the records of a change say that it ended.
func ended(change Change, records []Record, undo bool) findings.RunChange {
	out := findings.RunChange{ID: change.ID, Title: change.Title, Resource: change.Resource, Rules: []string{}, Outcome: string(NotReached)}
	for _, mended := range change.Mends {
		if !slices.Contains(out.Rules, mended.Rule) {
			out.Rules = append(out.Rules, mended.Rule)
		}
	}
	for _, record := range records {
		switch {
		case record.Undo != undo:
		case record.Phase == Intent:
			out.Outcome, out.Message = string(Pending), ""
		case record.Phase == Ended:
			out.Outcome, out.Message = string(record.Outcome), record.Message
		}
	}
	return out
}

// second is a time as the manifests of evidence have it, so that the two can be compared.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
