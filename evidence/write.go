package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
)

// ErrInUse says that another run is writing the same bundle.
var ErrInUse = errors.New("the folder is in use by another run")

// ErrTwice says that WriteOnce passed over an object.
var ErrTwice = errors.New("the object was written before")

// ErrUnfit says that an object can't stand in a bundle: it is no JSON object, or larger
// than what is read back.
var ErrUnfit = errors.New("the object can't stand in a bundle")

// File names inside a bundle, besides one <kind>.ndjson per kind.
const (
	manifestFile = "manifest.json"
	sumFile      = "manifest.sha256"
	requestsFile = "requests.ndjson"
	// signatureFile is there where the bundle is signed.
	signatureFile = "signature.dsse.json"
)

// Writer writes a bundle under <dir>.partial and gives it its final name when it is
// whole. Its methods may be called from several goroutines; each kind is written by
// one of them.
type Writer struct {
	dir     string
	partial string
	lock    *flock.Flock

	mu       sync.Mutex
	manifest Manifest
	requests *lines
	failed   error
	open     map[string]*KindWriter
	journal  *os.File     // nil before the first page
	noted    bool         // something of this run in it
	left     *Interrupted // nil where the bundle is begun
	key      *signing.Key // nil where the bundle isn't signed

	pseudonyms *pseudonym.Key // nil where everything stays as it was read
}

// Create starts the bundle dir of a tenant. It fails with ErrInUse while another run
// writes the same bundle. What an interrupted run left under <dir>.partial gives way (see
// Resume); an earlier bundle under dir stays untouched until Close.
func Create(dir string, manifest Manifest) (*Writer, error) {
	return begin(dir, manifest, (*Writer).start)
}

// begin makes a writer that holds the lock, and readies it with start.
func begin(dir string, manifest Manifest, start func(*Writer) error) (*Writer, error) {
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("creating evidence %s: %w", dir, unusable(err))
	}
	lock, err := Lock(dir)
	if err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, partial: partialOf(dir), lock: lock, manifest: manifest, open: map[string]*KindWriter{}}
	err = recoverReplaced(dir)
	if err == nil {
		err = unusable(replaceable(dir))
	}
	if err == nil {
		err = start(w)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("creating evidence %s: %w", dir, err), w.release())
	}
	return w, nil
}

// Lock keeps every other run out of a folder until the lock is given back. It is a file
// beside the folder, <dir>.lock, that the system frees when the process dies; the file
// itself stays. It fails with ErrInUse while another run holds it.
func Lock(dir string) (*flock.Flock, error) {
	lock := flock.New(filepath.Clean(dir) + ".lock")
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, unusable(err))
	}
	if !held {
		return nil, fmt.Errorf("locking %s: %w; wait for it or name another folder", dir, ErrInUse)
	}
	return lock, nil
}

// unusable turns the system's error about a place where nothing can be written into one
// that says what to do; any other error stays as it is.
func unusable(err error) error {
	for _, cause := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOTDIR} {
		if errors.Is(err, cause) {
			return fmt.Errorf("%v; name another folder", err) //nolint:errorlint // no failing disk: callers tell the two apart by the type
		}
	}
	return err
}

func (w *Writer) start() error {
	if err := w.discard(); err != nil {
		return err
	}
	if err := os.Mkdir(w.partial, 0o700); err != nil {
		return err
	}
	requests, err := createLines(filepath.Join(w.partial, requestsFile))
	w.requests = requests
	return err
}

// discard removes the bundle in the making: its journal first, which vouches for the rest.
func (w *Writer) discard() error {
	if err := os.Remove(journalOf(w.dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(w.partial)
}

// replaceable refuses a dir that exists and isn't a bundle, or holds more than one, so
// that a mistyped --out never removes somebody's files.
func replaceable(dir string) error {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir(): // which Windows takes for nothing at all where it is read as a folder
		return fmt.Errorf("%s: %w", dir, syscall.ENOTDIR)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	for _, name := range []string{manifestFile, sumFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("%s exists and is not an evidence bundle; name another folder", dir)
		}
	}
	for _, entry := range entries {
		if name := entry.Name(); name != manifestFile && name != sumFile && name != signatureFile && filepath.Ext(name) != ".ndjson" {
			return fmt.Errorf("%s holds %s, which is no part of a bundle and would be lost; move it away or name another folder", dir, name)
		}
	}
	return nil
}

// Kind starts the kind of the entry: its Kind, Tier, API, Time and Changes are taken over,
// the rest is counted. Several starts of one kind are an error.
func (w *Writer) Kind(entry Entry) (*KindWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, twice := w.open[entry.Kind]; twice {
		return nil, fmt.Errorf("writing evidence kind %s twice", entry.Kind)
	}
	if w.left != nil && w.left.kinds[entry.Kind].Entry != nil {
		if err := w.note(record{Anew: entry.Kind}); err != nil {
			return nil, fmt.Errorf("writing evidence kind %s: %w", entry.Kind, err)
		}
	}
	entry.File = entry.Kind + ".ndjson"
	out, err := createLines(filepath.Join(w.partial, entry.File))
	if err != nil {
		return nil, fmt.Errorf("writing evidence kind %s: %w", entry.Kind, err)
	}
	kind := &KindWriter{writer: w, entry: entry, lines: out}
	if w.pseudonyms != nil {
		schema, err := SchemaOf(entry.Kind)
		if err != nil {
			return nil, errors.Join(err, out.close())
		}
		kind.shape = schema.shape()
	}
	w.open[entry.Kind] = kind
	return kind, nil
}

// Gap notes evidence that could not be read.
func (w *Writer) Gap(gap Gap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pseudonyms != nil {
		gap.Message = w.pseudonyms.Sentence(gap.Message, gap.Permission)
	}
	w.manifest.Gaps = append(w.manifest.Gaps, gap)
}

// Filled drops the gaps of a kind that was got in another way after all.
func (w *Writer) Filled(kind string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manifest.Gaps = slices.DeleteFunc(w.manifest.Gaps, func(gap Gap) bool { return gap.Kind == kind })
}

// Request notes one HTTP request. What goes wrong with that is Close's error.
func (w *Writer) Request(request Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if w.pseudonyms != nil {
		request.URL, err = requestURL(w.pseudonyms, request.URL)
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err == nil {
		err = encoder.Encode(request)
	}
	if err == nil {
		err = w.requests.write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
	}
	if err != nil {
		w.failed = errors.Join(w.failed, fmt.Errorf("noting a request: %w", err))
	}
}

// Reader sets who reads the tenant, which is known only after the sign-in. It fails where
// it isn't who read what an interrupted run left.
func (w *Writer) Reader(reader Reader) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left != nil {
		if before := w.left.Manifest.Reader; before.TenantID != reader.TenantID || before.AppID != reader.AppID {
			return fmt.Errorf("going on with evidence %s: it was read by the application %s, and not by %s; leave out --resume to start afresh", w.dir, before.AppID, reader.AppID)
		}
	}
	if w.pseudonyms != nil {
		reader.AppID = w.pseudonyms.ID(reader.AppID)
	}
	w.manifest.Reader = reader
	return nil
}

// Name sets the tenant's name, which its own organisation tells.
func (w *Writer) Name(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manifest.Tenant.Name = name
}

// Sign makes Close sign the bundle with a key.
func (w *Writer) Sign(key *signing.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.key = key
}

// Pseudonymise makes the writer put pseudonyms in the place of what tells who somebody is,
// before anything of it is on disk. It is to be called before anything is written. There is
// no going on with such a bundle where it is interrupted: the links of the service that this
// takes may hold what was replaced.
func (w *Writer) Pseudonymise(key *pseudonym.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pseudonyms = key
	if key != nil {
		w.manifest.Pseudonyms = key.Fingerprint()
	}
}

// Abort gives up and releases the lock. What was read stays on disk under the bundle's
// partial name; where nothing was, nothing stays. After Close it does nothing.
func (w *Writer) Abort() error {
	if w.lock == nil {
		return nil
	}
	errs := []error{w.closeFiles()}
	if len(w.open) == 0 && w.left == nil {
		errs = append(errs, w.discard())
	}
	return errors.Join(append(errs, w.release())...)
}

// Close finishes the bundle at a time and gives it its final name. It returns the
// bundle's manifest.
func (w *Writer) Close(finished time.Time) (Manifest, error) {
	manifest, err := w.finish(finished)
	if err != nil {
		return Manifest{}, errors.Join(fmt.Errorf("finishing evidence %s: %w", w.dir, err), w.Abort())
	}
	return manifest, w.release()
}

func (w *Writer) finish(finished time.Time) (Manifest, error) {
	if err := errors.Join(w.failed, w.requests.close()); err != nil {
		return Manifest{}, err
	}
	m := w.manifest
	m.Version, m.Finished, m.RequestsSHA256 = Version, finished.UTC(), w.requests.sum()
	m.Kinds = []Entry{}
	for _, kind := range w.open {
		if err := kind.lines.close(); err != nil {
			return Manifest{}, err
		}
		m.Kinds = append(m.Kinds, kind.Entry())
	}
	slices.SortFunc(m.Kinds, func(a, b Entry) int { return cmp.Compare(a.Kind, b.Kind) })
	m.Gaps = slices.SortedFunc(slices.Values(m.Gaps), func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	m.normalise()
	if err := w.strays(); err != nil {
		return Manifest{}, err
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return Manifest{}, err
	}
	data = append(data, '\n')
	sumLine := []byte(hexSum(data) + "  " + manifestFile + "\n")
	if err := writeSynced(filepath.Join(w.partial, manifestFile), data); err != nil {
		return Manifest{}, err
	}
	if err := writeSynced(filepath.Join(w.partial, sumFile), sumLine); err != nil {
		return Manifest{}, err
	}
	if w.key != nil {
		envelope, err := m.sign(w.key, map[string]string{manifestFile: hexSum(data), sumFile: hexSum(sumLine)})
		if err != nil {
			return Manifest{}, err
		}
		if err := writeSynced(filepath.Join(w.partial, signatureFile), envelope); err != nil {
			return Manifest{}, err
		}
	}
	if err := replace(w.partial, w.dir); err != nil {
		return Manifest{}, err
	}
	return m, errors.Join(w.closeFiles(), w.discard())
}

// replaced is where an earlier bundle stands while a new one takes its place. The name
// is one that nobody gives to a copy of their own.
func replaced(dir string) string {
	return filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".replaced")
}

// replace gives partial the name dir. An earlier dir gives way through a sibling, so
// that no moment has neither.
func replace(partial, dir string) error {
	old := replaced(dir)
	switch err := os.Rename(dir, old); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	}
	if err := os.Rename(partial, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return os.RemoveAll(old)
}

// recoverReplaced ends what a run that was killed in replace has left: the earlier bundle
// gets its name back, or goes where the new one stands.
func recoverReplaced(dir string) error {
	old := replaced(dir)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(old)
	}
	if err := os.Rename(old, dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// release gives the files and the lock back; a second time it does nothing.
func (w *Writer) release() error {
	lock := w.lock
	w.lock = nil
	if lock == nil {
		return nil
	}
	return errors.Join(w.closeFiles(), lock.Unlock())
}

// closeFiles closes what is being written, without which Windows neither removes nor renames
// it; a second time it does nothing.
func (w *Writer) closeFiles() error {
	errs := []error{w.requests.close()}
	for _, kind := range w.open {
		errs = append(errs, kind.lines.close())
	}
	if w.journal != nil {
		errs = append(errs, w.journal.Close())
		w.journal = nil
	}
	return errors.Join(errs...)
}

// KindWriter writes the objects of one kind.
type KindWriter struct {
	writer *Writer
	entry  Entry
	lines  *lines
	line   bytes.Buffer
	at     Checkpoint
	seen   *seen  // written since Distinct
	shape  *shape // nil where objects are written as they were read
}

// Write adds one object, as compact JSON on a line of its own. An error names what
// isn't JSON. An object that doesn't fit is ErrUnfit.
func (k *KindWriter) Write(object json.RawMessage) error {
	line, err := k.compact(object)
	if err != nil {
		return err
	}
	return k.put(line)
}

// WriteOnce does as Write, but passes over an object with ErrTwice that it has written
// since Distinct was called. An object that the caller knows to be JSON without white space
// between its tokens is compact and isn't gone over again.
func (k *KindWriter) WriteOnce(object json.RawMessage, compact bool) error {
	line, err := object, error(nil)
	if compact {
		err = k.fits(object)
	} else {
		line, err = k.compact(object)
	}
	if err != nil {
		return err
	}
	if !k.first(line) {
		return ErrTwice
	}
	return k.put(line)
}

// put writes a line that is compact and fits.
func (k *KindWriter) put(line json.RawMessage) error {
	if k.shape != nil {
		var err error
		if line, err = k.shape.pseudonymise(k.writer.pseudonyms, line); err == nil {
			err = k.fits(line)
		}
		if err != nil {
			return err
		}
	}
	return k.lines.write(line)
}

// Distinct forgets which objects WriteOnce has written.
func (k *KindWriter) Distinct() { k.seen = nil }

// first says whether a line is seen for the first time.
func (k *KindWriter) first(line []byte) bool {
	if k.seen == nil {
		k.seen = newSeen()
	}
	return k.seen.add(line)
}

// compact returns the line of an object, which is valid until the next one's.
func (k *KindWriter) compact(object json.RawMessage) (json.RawMessage, error) {
	k.line.Reset()
	if err := json.Compact(&k.line, object); err != nil {
		return nil, fmt.Errorf("writing an object of %s: %w: %w", k.entry.Kind, ErrUnfit, err)
	}
	return k.line.Bytes(), k.fits(k.line.Bytes())
}

// fits says what keeps a line from standing in a bundle, if anything.
func (k *KindWriter) fits(line json.RawMessage) error {
	if len(line) == 0 || line[0] != '{' {
		return fmt.Errorf("writing an object of %s: %w: not a JSON object", k.entry.Kind, ErrUnfit)
	}
	if len(line) > maxLine-2 {
		return fmt.Errorf("writing an object of %s: %w: larger than %d bytes", k.entry.Kind, ErrUnfit, maxLine-2)
	}
	return nil
}

// Page counts a page that was read, and the requests it took.
func (k *KindWriter) Page(requests int) {
	k.entry.Pages++
	k.entry.Requests += requests
}

// Needed says how many requests would have done.
func (k *KindWriter) Needed(requests int) { k.entry.Minimum = requests }

// Complete says that every page was read.
func (k *KindWriter) Complete() { k.entry.Complete = true }
