package evidence

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/domicile-audit/domicile/internal/signing"
)

// Limits on a packed bundle, which may come from anywhere: the files in it, their size
// together, how many times that of the packed file it may be beyond packedFree, and the
// memory that unpacking takes.
const (
	maxPackedFiles  = maxJournalKinds + 4
	maxUnpacked     = 1 << 40
	maxExpansion    = 500
	packedFree      = 64 << 20
	maxPackedWindow = 64 << 20
)

// Pack writes a bundle as one file, tar within zstd: its files by name, each readable by its
// owner alone and of no time, so that equal bundles give equal bytes. The bundle is one
// that Verify returned.
func (b *Bundle) Pack(w io.Writer) error {
	// One at a time: how many there are decides nothing about the bytes.
	compressed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return fmt.Errorf("packing evidence %s: %w", b.Dir, err)
	}
	out := tar.NewWriter(compressed)
	entries, err := os.ReadDir(b.Dir) // sorted by name
	for _, entry := range entries {
		if err == nil {
			err = packFile(out, b.Dir, entry.Name())
		}
	}
	if err == nil {
		err = out.Close()
	}
	if err = errors.Join(err, compressed.Close()); err != nil {
		return fmt.Errorf("packing evidence %s: %w", b.Dir, err)
	}
	return nil
}

func packFile(out *tar.Writer, dir, name string) error {
	file, err := openRegular(filepath.Join(dir, name), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o600}); err != nil {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}

// ErrNotPacked says that a file is no packed bundle, or none that is unpacked: damaged,
// beyond the limits, or with something in it that no bundle has.
var ErrNotPacked = errors.New("it is not a packed bundle")

// Unpack writes the packed bundle of a file under dir, checks it as Verify does, and gives
// it its name when it is whole and accept, which may be nil, has no error. dir must not be
// there yet.
func Unpack(path, dir string, trust signing.Trust, accept func(*Bundle) error) (bundle *Bundle, err error) {
	dir = filepath.Clean(dir)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("unpacking %s: %s is there already; name another folder", path, dir)
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".*")
	if err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", path, unusable(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temporary))
		}
	}()
	if err := Extract(path, temporary); err != nil {
		return nil, err
	}
	if bundle, err = Verify(temporary, trust); err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", path, err)
	}
	if accept != nil {
		if err := accept(bundle); err != nil {
			return nil, err
		}
	}
	bundle.Dir = dir
	return bundle, os.Rename(temporary, dir)
}

// Extract writes the files of a packed bundle into an empty folder, unchecked (see Verify).
// It follows no link and writes nothing but files of the names that a bundle has.
func Extract(path, dir string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("unpacking %s: %w: it is not a regular file", path, ErrNotPacked)
	}
	limit := min(maxUnpacked, packedFree+maxExpansion*info.Size())
	if err := extract(file, dir, limit); err != nil {
		return fmt.Errorf("unpacking %s: %w", path, err)
	}
	return nil
}

func extract(packed io.Reader, dir string, limit int64) error {
	decoder, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxPackedWindow))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotPacked, err)
	}
	defer decoder.Close()
	stream := &io.LimitedReader{R: decoder, N: limit}
	archive := tar.NewReader(stream)
	var names []string
	var unpacked int64
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = fitsBundle(header, names)
		}
		if err == nil {
			unpacked += header.Size // which may be more than stands in the archive
		}
		if err == nil && unpacked <= limit {
			names = append(names, header.Name)
			err = extractFile(filepath.Join(dir, header.Name), archive) //nolint:gosec // fitsBundle lets no name with a path through
		}
		var path *fs.PathError
		switch {
		case stream.N <= 0 || unpacked > limit:
			return fmt.Errorf("%w: it unpacks to more than %d bytes, which its own size does not account for", ErrNotPacked, limit)
		case errors.As(err, &path):
			return err
		case err != nil:
			return fmt.Errorf("%w: %w", ErrNotPacked, err)
		}
	}
	// What follows the archive's end would be no part of what was unpacked.
	if rest, err := io.Copy(io.Discard, onlyZeros{stream}); err != nil || stream.N <= 0 {
		return fmt.Errorf("%w: there is something after its end (%d bytes)", ErrNotPacked, rest)
	}
	return nil
}

// fitsBundle says what keeps an entry of an archive from being a file of a bundle.
func fitsBundle(header *tar.Header, before []string) error {
	kind, lines := strings.CutSuffix(header.Name, ".ndjson")
	own := slices.Contains([]string{manifestFile, sumFile, signatureFile}, header.Name)
	switch {
	case header.Typeflag != tar.TypeReg:
		return fmt.Errorf("%q in it is not a regular file", header.Name)
	case !own && (!lines || !kindName.MatchString(kind)):
		return fmt.Errorf("%q in it is no file of a bundle", header.Name)
	case slices.Contains(before, header.Name):
		return fmt.Errorf("%q stands in it twice", header.Name)
	case len(before) == maxPackedFiles:
		return fmt.Errorf("it has more than %d files", maxPackedFiles)
	}
	return nil
}

func extractFile(path string, content io.Reader) error {
	file, err := createFile(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// onlyZeros reads the padding of an archive and fails over anything else.
type onlyZeros struct{ io.Reader }

func (z onlyZeros) Read(p []byte) (int, error) {
	n, err := z.Reader.Read(p)
	if strings.Trim(string(p[:n]), "\x00") != "" {
		return 0, errors.New("not padding")
	}
	return n, err
}

// IsPacked says whether a file begins as a packed bundle does.
func IsPacked(path string) bool {
	file, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer file.Close()
	var magic [4]byte
	_, err = io.ReadFull(file, magic[:])
	return err == nil && magic == [4]byte{0x28, 0xb5, 0x2f, 0xfd}
}
