package evidence

import (
	"bufio"
	"bytes"
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
)

// The journal of a bundle in the making is <dir>.journal: one JSON object a line, appended
// with one write each. The first says what is collected, by whom and since when; then
// comes a line after each page of a kind and at the kind's end. It holds links of the
// service to pages, so that it stands beside the bundle, never in it, and goes when the
// bundle is whole.
func journalOf(dir string) string { return filepath.Clean(dir) + ".journal" }

func partialOf(dir string) string { return filepath.Clean(dir) + ".partial" }

// Limits on the journal: of a line, of the whole, and of the kinds in it.
const (
	maxRecord       = 1 << 20
	maxJournal      = 1 << 30
	maxJournalKinds = 1000
)

// Checkpoint is how far the reading of a kind has come, which consists of one list or of
// several that are read one after the other.
type Checkpoint struct {
	// List is the number of the list that is being read, from 0.
	List int `json:"list"`
	// First is the number of the kind's objects before those of the list.
	First int `json:"first"`
	// Count is how many objects the service says that the list has, -1 where it said nothing.
	Count int `json:"count"`
	// Sent is how many objects the list's pages have held, those included that came twice, and
	// Page how many the largest of them.
	Sent int `json:"sent,omitempty"`
	Page int `json:"page,omitempty"`
	// Next is the link to the list's next page; empty at the list's beginning.
	Next string `json:"next,omitempty"`
}

// mostSent is more objects than any list sends.
const mostSent = 1 << 40

// possible says whether the reading of a kind can stand at the checkpoint.
func (c Checkpoint) possible(entry Entry) bool {
	return c.List >= 0 && c.First >= 0 && c.First <= entry.Objects && c.Count >= -1 &&
		c.Page >= 0 && c.Page <= c.Sent && c.Sent <= mostSent
}

// record is a line of the journal, which has one of Manifest, Resumed, Entry and Anew.
type record struct {
	// Manifest is as much as is known of the bundle's when the first page was read.
	Manifest json.RawMessage `json:"manifest,omitempty"`
	// Resumed is a time at which the collection was gone on with.
	Resumed *time.Time `json:"resumed,omitempty"`
	// Entry is a kind as far as its file holds it: complete at its end, and else read up to At.
	Entry *Entry     `json:"entry,omitempty"`
	At    Checkpoint `json:"at,omitzero"`
	// Anew is a kind of which the lines before don't hold any more.
	Anew string `json:"anew,omitempty"`
}

// Interrupted is what an interrupted collection left of a bundle.
type Interrupted struct {
	// Manifest is as much of the bundle's as was known: whose it is and since when.
	Manifest Manifest

	kinds map[string]record
	size  int64 // of the journal, as far as its lines are whole
}

// Done is the number of kinds that were read whole.
func (i *Interrupted) Done() int {
	done := 0
	for _, kind := range i.kinds {
		if kind.Entry.Complete {
			done++
		}
	}
	return done
}

// Fits says what keeps the collection that a manifest describes from going on with the
// interrupted one, if anything.
func (i *Interrupted) Fits(m Manifest) error {
	left := i.Manifest
	switch {
	case left.Tenant.ID != m.Tenant.ID || left.Tenant.Cloud != m.Tenant.Cloud:
		return fmt.Errorf("it is of tenant %s in the cloud %s, and not of %s in %s", left.Tenant.ID, left.Tenant.Cloud, m.Tenant.ID, m.Tenant.Cloud)
	case !slices.Equal(left.Asked, m.Asked):
		return errors.New("it was asked for other kinds of evidence")
	}
	return nil
}

// ReadInterrupted says what an interrupted collection left of the bundle dir. The error is
// fs.ErrNotExist where there is nothing to go on with; any other says why what is there
// can't be relied on. A last line that was cut short is passed over.
func ReadInterrupted(dir string) (*Interrupted, error) {
	info, err := os.Lstat(partialOf(dir))
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &TamperedError{filepath.Base(partialOf(dir)), "it is not a folder"}
	}
	requests, err := openRegular(filepath.Join(partialOf(dir), requestsFile), os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	file, err := openRegular(journalOf(dir), os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	left := &Interrupted{kinds: map[string]record{}}
	reader := bufio.NewReaderSize(io.LimitReader(file, maxJournal), maxRecord)
	for {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = left.add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Base(journalOf(dir)), err)
		}
		left.size += int64(len(line))
	}
	if left.size == 0 {
		return nil, fs.ErrNotExist
	}
	return left, nil
}

// add takes in a line of the journal, strictly.
func (i *Interrupted) add(line []byte) error {
	var r record
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return err
	}
	if i.size == 0 != (r.Manifest != nil) {
		return errors.New("it doesn't begin with what is collected")
	}
	switch {
	case r.Manifest != nil:
		manifest, err := decodeManifest(r.Manifest)
		i.Manifest = manifest
		return err
	case r.Resumed != nil:
		i.Manifest.Resumed = append(i.Manifest.Resumed, *r.Resumed)
	case r.Entry != nil:
		entries := Manifest{Kinds: []Entry{*r.Entry}}
		if err := entries.check(); err != nil {
			return err
		}
		if !r.At.possible(*r.Entry) {
			return fmt.Errorf("kind %q is at a place that can't be", r.Entry.Kind)
		}
		if i.kinds[r.Entry.Kind] = r; len(i.kinds) > maxJournalKinds {
			return fmt.Errorf("it has more than %d kinds", maxJournalKinds)
		}
	default:
		delete(i.kinds, r.Anew)
	}
	return nil
}

// Resume goes on with the bundle dir where an interrupted collection left it, whose
// beginning is the manifest's Started (see ReadInterrupted); now is noted in the manifest.
// It fails where the collection was of another tenant or was asked for other kinds, and
// with ErrInUse where another run was faster.
func Resume(dir string, manifest Manifest, now time.Time) (*Writer, error) {
	return begin(dir, manifest, func(w *Writer) error { return w.resume(now) })
}

func (w *Writer) resume(now time.Time) error {
	left, err := ReadInterrupted(w.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !left.Manifest.Started.Equal(w.manifest.Started) {
		return ErrInUse
	}
	if err != nil {
		return err
	}
	if err := left.Fits(w.manifest); err != nil {
		return fmt.Errorf("an interrupted collection stands there, but %w; leave out --resume to start afresh, or name another folder", err)
	}
	if w.requests, err = continueWholeLines(filepath.Join(w.partial, requestsFile)); err != nil {
		return err
	}
	if w.journal, err = openRegular(journalOf(w.dir), os.O_WRONLY|os.O_APPEND); err != nil {
		return err
	}
	if err := w.journal.Truncate(left.size); err != nil {
		return err
	}
	w.left = left
	w.manifest.Resumed = slices.Concat(left.Manifest.Resumed, []time.Time{now.UTC()})
	return nil
}

// note appends a line to the journal, which a pseudonymised bundle doesn't have. Before the first of a run it says what is collected,
// or since when it is gone on with. A line that would be too long to be read back is left
// out: the one before it holds.
func (w *Writer) note(r record) error {
	var first record
	var err error
	switch {
	case w.pseudonyms != nil:
		return nil
	case w.noted:
		return w.append(r)
	case w.left != nil:
		first.Resumed = &w.manifest.Resumed[len(w.manifest.Resumed)-1]
	default:
		if first.Manifest, err = w.head(); err != nil {
			return err
		}
		if w.journal, err = createFile(journalOf(w.dir)); err != nil {
			return err
		}
	}
	if err := w.append(first); err != nil {
		return err
	}
	w.noted = true
	return w.append(r)
}

func (w *Writer) append(r record) error {
	line, err := json.Marshal(r)
	if err != nil || len(line) >= maxRecord {
		return err
	}
	_, err = w.journal.Write(append(line, '\n'))
	return err
}

// head is the manifest as far as it is known before any kind was read.
func (w *Writer) head() (json.RawMessage, error) {
	m := w.manifest
	m.Version, m.Gaps, m.Kinds = Version, nil, nil
	m.normalise()
	return json.Marshal(m)
}

// Continue returns the writer of a kind that an interrupted run had begun, its file cut
// to what the journal vouches for; each object there is handed to each. It returns nil
// where there is nothing to go on with, or the file isn't as it was left: then the kind
// is to be started with Kind. The entry says what Kind would be told.
func (w *Writer) Continue(entry Entry, each func(json.RawMessage)) *KindWriter {
	if w.left == nil {
		return nil
	}
	r, held := w.left.kinds[entry.Kind]
	if !held || r.Entry.Tier != entry.Tier || r.Entry.API != entry.API || !r.Entry.Time.Equal(entry.Time) {
		return nil
	}
	kind := &KindWriter{writer: w, entry: *r.Entry, at: r.At}
	number := 0
	var err error
	kind.lines, err = continueLines(filepath.Join(w.partial, r.Entry.File), r.Entry.Bytes, r.Entry.SHA256, func(object json.RawMessage) {
		if number++; number > r.At.First && !r.Entry.Complete {
			kind.first(object)
		}
		each(object)
	})
	if err != nil {
		return nil
	}
	if kind.lines.count != r.Entry.Objects {
		_ = kind.lines.close() // it is written anew
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[entry.Kind] = kind
	return kind
}

// Entry is what the manifest would say of the kind now.
func (k *KindWriter) Entry() Entry {
	entry := k.entry
	entry.SHA256, entry.Bytes, entry.Objects = k.lines.sum(), k.lines.bytes, k.lines.count
	return entry
}

// At is the checkpoint at which an interrupted run left the kind.
func (k *KindWriter) At() Checkpoint { return k.at }

// Checkpoint notes that the kind is read up to a place, or whole if it is complete: from
// there a later run goes on. What was written is in the file before the journal says so.
func (k *KindWriter) Checkpoint(at Checkpoint) error {
	if err := k.lines.flush(); err != nil {
		return k.failed(err)
	}
	entry := k.Entry()
	k.writer.mu.Lock()
	defer k.writer.mu.Unlock()
	if err := k.writer.requests.flush(); err != nil {
		return k.failed(err)
	}
	return k.failed(k.writer.note(record{Entry: &entry, At: at}))
}

// Anew notes that a later run can't go on with the kind and reads it anew.
func (k *KindWriter) Anew() error {
	k.writer.mu.Lock()
	defer k.writer.mu.Unlock()
	return k.failed(k.writer.note(record{Anew: k.entry.Kind}))
}

// Restart empties the kind, which is read anew from its beginning.
func (k *KindWriter) Restart() error {
	if err := k.Anew(); err != nil {
		return err
	}
	k.entry.Pages, k.entry.Requests, k.seen = 0, 0, nil
	return k.failed(k.lines.restart())
}

func (k *KindWriter) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("writing evidence kind %s: %w", k.entry.Kind, err)
}

// strays removes from the partial bundle what a run before this one left of kinds that the
// bundle doesn't have now.
func (w *Writer) strays() error {
	entries, err := os.ReadDir(w.partial)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		kind, lines := strings.CutSuffix(entry.Name(), ".ndjson")
		if _, held := w.open[kind]; (!held || !lines) && entry.Name() != requestsFile {
			errs = append(errs, os.RemoveAll(filepath.Join(w.partial, entry.Name())))
		}
	}
	return errors.Join(errs...)
}
