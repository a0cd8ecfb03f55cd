package remediation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
)

// maxJournal bounds a journal that is read.
const maxJournal = 256 << 20

// Phase is what a line of a journal tells of a change.
type Phase string

// The phases of a change, in their order. An intent stands on disk before the request is
// sent, an outcome after it was answered.
const (
	Intent       Phase = "intent"
	Ended        Phase = "outcome"
	Verification Phase = "verification"
)

// Outcome is how a change ended.
type Outcome string

// The outcomes.
const (
	// Applied: the request was carried out, or for an undoing, the state given back.
	Applied Outcome = "applied"
	// InPlace: somebody else had done it already. There is nothing to undo.
	InPlace Outcome = "in_place"
	// Drifted: the state is neither the one before nor the one after.
	Drifted Outcome = "drifted"
	// Guarded: a guard forbids it.
	Guarded Outcome = "guarded"
	// Refused: the service refused it, or its state could not be read.
	Refused Outcome = "refused"
	// Declined: it was not confirmed.
	Declined Outcome = "declined"
	// Ready: every check of a dry run was passed.
	Ready Outcome = "ready"
	// Irreversible: it was applied and can't be undone.
	Irreversible Outcome = "irreversible"
)

// Verdict is what judging on fresh evidence says of a change that was applied.
type Verdict string

// The verdicts.
const (
	// Mends: none of the violations that the change is for is there any more.
	Mends Verdict = "mended"
	// Remains: one of them still is.
	Remains Verdict = "remains"
	// Unknown: a rule could not be judged.
	Unknown Verdict = "unknown"
)

// head is the first line of a journal.
type head struct {
	Version int       `json:"version"`
	Time    time.Time `json:"time"`
	// Digest is the sha256 of the plan's file, Plan what it says.
	Digest string `json:"digest"`
	Plan   *Plan  `json:"plan"`
	// Approval is nil where nobody had to approve the plan.
	Approval *findings.Approval `json:"approval,omitempty"`
	// Protected is what the guards keep, also when the plan is taken back.
	Protected protected `json:"protected"`
}

// Record is a line of a journal after the first.
type Record struct {
	Time   time.Time `json:"time"`
	Change string    `json:"change"`
	Phase  Phase     `json:"phase"`
	// Undo says that the record is of taking the change back.
	Undo bool `json:"undo,omitempty"`
	// App is the application that was signed in, Account the machine's that ran the program.
	App     string  `json:"app"`
	Account string  `json:"account,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Verdict Verdict `json:"verdict,omitempty"`
	// Evidence is the digest of the fresh evidence that a verdict rests on.
	Evidence  string `json:"evidence,omitempty"`
	Status    int    `json:"status,omitempty"`
	RequestID string `json:"requestId,omitempty"`
	Message   string `json:"message,omitempty"`
}

// journal remembers on disk what was done to a tenant, so that a run that dies can be gone on
// with. Each line is on the disk before the next step is taken.
type journal struct {
	path    string
	head    head
	records []Record
	file    *os.File // nil where nothing is noted yet
	lock    *flock.Flock
}

// errNoJournal says that there is no journal, or that nothing was done when it began.
var errNoJournal = errors.New("there is no journal")

// openJournal opens the journal of a plan. Where there is none, it begins with what is noted first,
// so that a run that does nothing leaves none.
func openJournal(path string, begin head) (*journal, error) {
	j, err := reopenJournal(path)
	if err == nil && !j.head.of(begin.Digest, begin.Plan) {
		err = errors.Join(&PlanError{fmt.Sprintf("the journal %s is of another plan; name another", path)}, j.close())
	}
	if err == nil && !sameApproval(j.head.Approval, begin.Approval) {
		err = errors.Join(&PlanError{fmt.Sprintf("the journal %s was begun with another approval; put that back, or make a new plan from fresh evidence", path)}, j.close())
	}
	if !errors.Is(err, errNoJournal) {
		if err != nil {
			return nil, err
		}
		return j, nil
	}
	lock, err := lockJournal(path)
	if err != nil {
		return nil, err
	}
	return &journal{path: path, head: begin, lock: lock}, nil
}

// begin writes the first line.
func (j *journal) begin() (err error) {
	// What stands there holds no whole line, so that nothing was done.
	if j.file, err = os.OpenFile(j.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	return errors.Join(j.append(j.head), syncFolder(j.path))
}

// of says whether the journal is of a plan: of its file, by the sha256, and of what it says.
func (h head) of(digest string, plan *Plan) bool {
	own, err := encode(h.Plan)
	other, otherErr := encode(plan)
	return h.Digest == digest && err == nil && otherErr == nil && bytes.Equal(own, other)
}

// inUseError is evidence.ErrInUse for a journal: another in its place would let two runs make the
// same changes at once.
type inUseError struct{ path string }

func (e *inUseError) Error() string {
	return fmt.Sprintf("the journal %s is in use by another run; wait for it", e.path)
}

func (e *inUseError) Is(target error) bool { return target == evidence.ErrInUse }

// lockJournal keeps other runs from a journal.
func lockJournal(path string) (*flock.Flock, error) {
	lock, err := evidence.Lock(path)
	if errors.Is(err, evidence.ErrInUse) {
		return nil, &inUseError{path}
	}
	return lock, err
}

func sameApproval(a, b *findings.Approval) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// reopenJournal opens a journal to go on with. A last line that was not written whole is cut
// off: what it would have said was not relied on by anything. It is errNoJournal where there
// is none.
func reopenJournal(path string) (*journal, error) {
	lock, err := lockJournal(path)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, lock: lock}
	whole, err := j.read(path)
	if err == nil {
		j.file, err = os.OpenFile(path, os.O_WRONLY, 0)
	}
	if err == nil {
		_, seek := j.file.Seek(whole, io.SeekStart)
		err = errors.Join(j.file.Truncate(whole), seek, j.file.Sync())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the journal %s: %w", path, err), j.close())
	}
	return j, nil
}

// JournalPlan returns the plan of a journal, for which it is to be known where it was applied.
func JournalPlan(path string) (*Plan, error) {
	var j journal
	if _, err := j.read(path); err != nil {
		return nil, fmt.Errorf("reading the journal %s: %w", path, err)
	}
	return j.head.Plan, nil
}

// read reads the lines of a journal and returns the size of those that are whole.
func (j *journal) read(path string) (int64, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return 0, errNoJournal
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, &PlanError{fmt.Sprintf("its journal %s is not a file", path)}
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return j.decode(io.LimitReader(file, maxJournal))
}

func (j *journal) decode(r io.Reader) (whole int64, err error) {
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if number == 1 {
				return 0, errNoJournal
			}
			return whole, nil
		}
		if err != nil {
			return 0, err
		}
		if err := j.add(line, number); err != nil {
			return 0, &PlanError{fmt.Sprintf("its journal doesn't tell what was done: line %d: %v; name a plan.journal that remediate apply wrote", number, err)}
		}
		whole += int64(len(line))
	}
}

// add takes a line of a journal that is read.
func (j *journal) add(line []byte, number int) error {
	if number == 1 {
		if err := decodeStrictly(line, &j.head); err != nil {
			return err
		}
		if j.head.Version != Version || j.head.Plan == nil {
			return fmt.Errorf("its format version is %d, which this program doesn't read; is this a journal of domicile remediate?", j.head.Version)
		}
		return j.head.Plan.check()
	}
	var record Record
	if err := decodeStrictly(line, &record); err != nil {
		return err
	}
	known := slices.ContainsFunc(j.head.Plan.Changes, func(c Change) bool { return c.ID == record.Change })
	if !known || !slices.Contains([]Phase{Intent, Ended, Verification}, record.Phase) {
		return fmt.Errorf("there is no phase %q of a change %q", record.Phase, record.Change)
	}
	j.records = append(j.records, record)
	return nil
}

// note puts a record on the disk.
func (j *journal) note(record Record) (err error) {
	if j.file == nil {
		err = j.begin()
	}
	if err == nil {
		err = j.append(record)
	}
	if err != nil {
		return fmt.Errorf("writing the journal: %w; nothing more is done", err)
	}
	j.records = append(j.records, record)
	return nil
}

func (j *journal) append(value any) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	if _, err := j.file.Write(line.Bytes()); err != nil {
		return err
	}
	return j.file.Sync()
}

// last is the last record of an intent or outcome of a change, and whether there is one.
func (j *journal) last(change string) (Record, bool) {
	for _, record := range slices.Backward(j.records) {
		if record.Change == change && record.Phase != Verification {
			return record, true
		}
	}
	return Record{}, false
}

// byChange are the records of each change.
func (j *journal) byChange() map[string][]Record {
	records := map[string][]Record{}
	for _, record := range j.records {
		records[record.Change] = append(records[record.Change], record)
	}
	return records
}

// applied says of the records of a change whether it was carried out, or perhaps was, and was
// not undone.
func applied(records []Record) bool {
	applied := false
	for _, record := range records {
		switch {
		case record.Phase == Intent && !record.Undo:
			applied = true // perhaps, until an outcome says
		case record.Phase == Ended && !record.Undo:
			applied = record.Outcome == Applied
		case record.Phase == Ended && (record.Outcome == Applied || record.Outcome == InPlace):
			applied = false
		}
	}
	return applied
}

func (j *journal) close() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Unlock())
}

// syncFolder puts the name of a new file on the disk.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
