package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/internal/signing"
)

// Limits on what is read back: a bundle may come from anywhere.
const (
	maxManifest = 16 << 20
	maxLine     = 64 << 20
)

// Bundle is a bundle on disk, opened for reading.
type Bundle struct {
	Dir      string
	Manifest Manifest
	// Signers are who signed the bundle, once Authenticate has looked; none where it is
	// unsigned.
	Signers []signing.Signer

	sums map[string]string // of manifest.json and manifest.sha256
}

// Open reads the manifest of the bundle in dir, strictly. It refuses a bundle of a newer
// version, a manifest that doesn't match its own sum, and file names that leave the
// folder; it does not read the kinds' files (see Verify).
func Open(dir string) (*Bundle, error) {
	data, err := readLimited(filepath.Join(dir, manifestFile), maxManifest)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("opening evidence: %w", err)
		}
		return nil, fmt.Errorf("opening evidence %s: %w", dir, &UnreadableError{"there is no " + manifestFile + " in it; is it a folder that collect or scan wrote?"})
	}
	if err != nil {
		return nil, fmt.Errorf("opening evidence %s: %w", dir, err)
	}
	manifest, err := decodeManifest(data)
	if err != nil {
		return nil, fmt.Errorf("opening evidence %s: %w", dir, &UnreadableError{"reading " + manifestFile + ": " + err.Error()})
	}
	want, err := readLimited(filepath.Join(dir, sumFile), 1<<10)
	if err != nil {
		return nil, fmt.Errorf("opening evidence %s: %w", dir, missing(sumFile, err))
	}
	sums := map[string]string{manifestFile: hexSum(data), sumFile: hexSum(want)}
	if !strings.HasPrefix(string(want), sums[manifestFile]) {
		return nil, fmt.Errorf("opening evidence %s: %w", dir, &TamperedError{File: manifestFile, What: "its sha256 is not the one in " + sumFile})
	}
	return &Bundle{Dir: dir, Manifest: manifest, sums: sums}, nil
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func decodeManifest(data []byte) (Manifest, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Manifest{}, err
	}
	if version.Version > Version {
		return Manifest{}, fmt.Errorf("its format version is %d and this program reads up to %d; install a newer domicile", version.Version, Version)
	}
	if version.Version < 1 {
		return Manifest{}, errors.New("it has no format version")
	}
	var manifest Manifest
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&manifest); err != nil {
		return Manifest{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, errors.New("there is something after its end")
	}
	if err := manifest.check(); err != nil {
		return Manifest{}, err
	}
	manifest.normalise()
	return manifest, nil
}

// kindName is the form of a kind's name, which is its file's name as well. A line of the
// digest and a line of an error hold it as it is.
var kindName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// fingerprint is the form of a fingerprint of a key of pseudonyms.
var fingerprint = regexp.MustCompile(`^[0-9a-f]{16}$`)

// check refuses what no collection writes.
func (m *Manifest) check() error {
	if m.Pseudonyms != "" && !fingerprint.MatchString(m.Pseudonyms) {
		return fmt.Errorf("%q is no fingerprint of a key of pseudonyms", m.Pseudonyms)
	}
	seen := map[string]bool{}
	for _, entry := range m.Kinds {
		switch {
		case entry.File != entry.Kind+".ndjson":
			return fmt.Errorf("kind %q names the file %q", entry.Kind, entry.File)
		case !kindName.MatchString(entry.Kind) || entry.File == requestsFile:
			return fmt.Errorf("kind %q is no name of a kind", entry.Kind)
		case seen[entry.Kind]:
			return fmt.Errorf("kind %q stands in it twice", entry.Kind)
		case !slices.Contains(tiers(), entry.Tier):
			return fmt.Errorf("kind %q has the tier %q, which is unknown", entry.Kind, entry.Tier)
		case entry.Objects < 0 || entry.Bytes < 0 || entry.Pages < 0 || entry.Requests < 0 || entry.Minimum < 0:
			return fmt.Errorf("kind %q has a negative number", entry.Kind)
		}
		seen[entry.Kind] = true
	}
	for _, gap := range m.Gaps {
		switch {
		case !kindName.MatchString(gap.Kind):
			return fmt.Errorf("gap %q is no name of a kind", gap.Kind)
		case !slices.Contains(reasons(), gap.Reason):
			return fmt.Errorf("the gap of %q has the reason %q, which is unknown", gap.Kind, gap.Reason)
		}
	}
	return nil
}

// readLimited reads a regular file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	file, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, err
}

// openRegular opens a file of a bundle; links, pipes and devices are refused.
func openRegular(path string, flag int) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &TamperedError{File: filepath.Base(path), What: "it is not a regular file"}
	}
	return os.OpenFile(path, flag, 0)
}

// Objects yields the objects of a kind in the order they were read. A kind that the
// bundle doesn't hold yields nothing. The bytes are valid until the next one is taken.
func (b *Bundle) Objects(kind string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		entry, held := b.Manifest.Entry(kind)
		if !held {
			return
		}
		file, err := openRegular(filepath.Join(b.Dir, entry.File), os.O_RDONLY)
		if err != nil {
			yield(nil, fmt.Errorf("reading evidence kind %s: %w", kind, err))
			return
		}
		defer file.Close()
		for line, err := range scanLines(file) {
			if err != nil {
				yield(nil, fmt.Errorf("reading evidence kind %s: %w", kind, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

func scanLines(r io.Reader) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
		for scanner.Scan() {
			if !yield(scanner.Bytes(), nil) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Digest is the bundle's identity: lower-case hex sha256 over its lines "kind sha256",
// sorted. Two scans of an unchanged tenant agree in it.
func (m *Manifest) Digest() string {
	sums := make([]string, 0, len(m.Kinds))
	for _, entry := range m.Kinds {
		sums = append(sums, entry.Kind+" "+entry.SHA256+"\n")
	}
	slices.Sort(sums)
	return hexSum([]byte(strings.Join(sums, "")))
}

// TamperedError says that a part of a bundle isn't what the manifest says.
type TamperedError struct {
	File string
	What string
}

// UnreadableError says that something is no bundle, or none that this version reads.
type UnreadableError struct{ Why string }

// Error says why.
func (u *UnreadableError) Error() string { return u.Why }

// Error names the file and what is wrong with it.
func (t *TamperedError) Error() string { return t.File + ": " + t.What }
