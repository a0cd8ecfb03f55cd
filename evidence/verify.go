package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/domicile-audit/domicile/internal/signing"
)

// Verify reads every file of the bundle in dir and compares its hash, size and number of
// objects with the manifest, that there is a file for every entry and no other, and the
// manifest with its signature, if there is one (see Authenticate). It returns the bundle, or
// the first thing that is wrong as a *TamperedError; any other error says that the bundle
// can't be read.
func Verify(dir string, trust signing.Trust) (*Bundle, error) {
	bundle, err := Open(dir)
	if err != nil {
		return nil, err
	}
	if err := bundle.Authenticate(trust); err != nil {
		return nil, err
	}
	expected := map[string]bool{manifestFile: true, sumFile: true, requestsFile: true, signatureFile: len(bundle.Signers) > 0}
	for _, entry := range bundle.Manifest.Kinds {
		expected[entry.File] = true
		if err := verifyEntry(dir, entry); err != nil {
			return nil, fmt.Errorf("verifying evidence %s: %w", dir, err)
		}
	}
	requests, err := measure(filepath.Join(dir, requestsFile))
	if err != nil {
		return nil, fmt.Errorf("verifying evidence %s: %w", dir, missing(requestsFile, err))
	}
	if requests.sum != bundle.Manifest.RequestsSHA256 {
		return nil, fmt.Errorf("verifying evidence %s: %w", dir, &TamperedError{requestsFile, "its sha256 is not the one in the manifest"})
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("verifying evidence %s: %w", dir, err)
	}
	for _, entry := range entries {
		if !expected[entry.Name()] {
			return nil, fmt.Errorf("verifying evidence %s: %w", dir, &TamperedError{entry.Name(), "the manifest does not name it"})
		}
	}
	return bundle, nil
}

// VerifyKind compares the file of one kind with the manifest, as Verify does all of them.
func (b *Bundle) VerifyKind(kind string) error {
	entry, held := b.Manifest.Entry(kind)
	if !held {
		return fmt.Errorf("verifying evidence %s: it does not hold %s", b.Dir, kind)
	}
	if err := verifyEntry(b.Dir, entry); err != nil {
		return fmt.Errorf("verifying evidence %s: %w", b.Dir, err)
	}
	return nil
}

func verifyEntry(dir string, entry Entry) error {
	got, err := measure(filepath.Join(dir, entry.File))
	if err != nil {
		return missing(entry.File, err)
	}
	switch {
	case got.sum != entry.SHA256:
		return &TamperedError{entry.File, "its sha256 is not the one in the manifest"}
	case got.bytes != entry.Bytes:
		return &TamperedError{entry.File, "it has " + strconv.FormatInt(got.bytes, 10) + " bytes and the manifest says " + strconv.FormatInt(entry.Bytes, 10)}
	case got.objects != entry.Objects:
		return &TamperedError{entry.File, "it holds " + strconv.Itoa(got.objects) + " objects and the manifest says " + strconv.Itoa(entry.Objects)}
	}
	return nil
}

func missing(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &TamperedError{file, "it is missing"}
	}
	return err
}

type measured struct {
	sum     string
	bytes   int64
	objects int
}

// measure hashes a file and counts its objects, each of which must be a JSON object on
// a line of its own.
func measure(path string) (measured, error) {
	file, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return measured{}, err
	}
	defer file.Close()
	digest := sha256.New()
	got := measured{}
	for line, err := range scanLines(io.TeeReader(file, digest)) {
		if err != nil {
			return measured{}, err
		}
		got.bytes += int64(len(line)) + 1
		got.objects++
		if !bytes.HasPrefix(line, []byte("{")) || !jsontext.Value(line).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
			return measured{}, &TamperedError{filepath.Base(path), "line " + strconv.Itoa(got.objects) + " is not a JSON object"}
		}
	}
	got.sum = hex.EncodeToString(digest.Sum(nil))
	return got, nil
}
