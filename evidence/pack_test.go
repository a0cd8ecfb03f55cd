package evidence_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/domicile-audit/domicile/evidence"
)

func packed(t testing.TB, dir string) []byte {
	t.Helper()
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := bundle.Pack(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPackAndUnpack: what was packed comes out as it was, and equal bundles give equal
// bytes, whatever the folder, its files' times and modes, and the number of processors.
func TestPackAndUnpack(t *testing.T) {
	root, key := t.TempDir(), newKey(t)
	dir := filepath.Join(root, "bundle")
	seal(t, dir, sealed{key: key})
	first := packed(t, dir)
	copied := filepath.Join(root, "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(filepath.Join(copied, "users.ndjson"), 0o640), os.Chtimes(filepath.Join(copied, "users.ndjson"), started, started)); err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !bytes.Equal(first, packed(t, copied)) {
		t.Error("equal bundles are packed into different bytes")
	}
	file, out := filepath.Join(root, "bundle.tar.zst"), filepath.Join(root, "out")
	overwrite(t, file, string(first))
	if !evidence.IsPacked(file) || evidence.IsPacked(dir) || evidence.IsPacked(filepath.Join(dir, "manifest.json")) {
		t.Error("IsPacked() doesn't tell a packed bundle")
	}
	bundle, err := evidence.Unpack(file, out, trusting(key), nil)
	if err != nil || bundle.Dir != out || len(bundle.Signers) != 1 {
		t.Fatalf("Unpack() = %v, %v", bundle, err)
	}
	if !bytes.Equal(first, packed(t, out)) {
		t.Error("what was unpacked is not what was packed")
	}
	if info, err := os.Stat(filepath.Join(out, "users.ndjson")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("an unpacked file has the mode %v, want its owner alone to read it", info.Mode())
	}
	if _, err := evidence.Unpack(file, out, nil, nil); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("Unpack() over a folder = %v, want it refused", err)
	}
	// A foreign signature leaves nothing behind.
	if _, err := evidence.Unpack(file, filepath.Join(root, "foreign"), trusting(newKey(t)), nil); !errors.As(err, new(*evidence.TamperedError)) {
		t.Errorf("Unpack() of what a foreign key signed = %v, want it refused", err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || entry.Name() == "foreign" {
			t.Errorf("%s is left behind", entry.Name())
		}
	}
}

// archive packs entries as they are given.
func archive(t testing.TB, after string, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(compressed)
	for _, header := range headers {
		if header.Typeflag == 0 {
			header.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, header.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := compressed.Write([]byte(after)); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHostileArchives: what no bundle has in it is refused, and nothing is written outside.
func TestHostileArchives(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	seal(t, dir, sealed{})
	whole := packed(t, dir)
	var many []tar.Header
	for i := range 1100 {
		many = append(many, tar.Header{Name: "k" + strings.Repeat("x", i%90) + string(rune('a'+i/90)) + ".ndjson"})
	}
	tests := []struct {
		name string
		data []byte
		says string
	}{
		{"a path upwards", archive(t, "", tar.Header{Name: "../manifest.json"}), "no file of a bundle"},
		{"an absolute path", archive(t, "", tar.Header{Name: "/tmp/users.ndjson"}), "no file of a bundle"},
		{"a path downwards", archive(t, "", tar.Header{Name: "a/users.ndjson"}), "no file of a bundle"},
		{"a kind's name that is none", archive(t, "", tar.Header{Name: "..ndjson"}), "no file of a bundle"},
		{"another file", archive(t, "", tar.Header{Name: "run.sh"}), "no file of a bundle"},
		{"a folder", archive(t, "", tar.Header{Name: "users.ndjson/", Typeflag: tar.TypeDir}), "not a regular file"},
		{"a symbolic link", archive(t, "", tar.Header{Name: "users.ndjson", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), "not a regular file"},
		{"a hard link", archive(t, "", tar.Header{Name: "users.ndjson", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}), "not a regular file"},
		{"a device", archive(t, "", tar.Header{Name: "users.ndjson", Typeflag: tar.TypeChar}), "not a regular file"},
		{"a file twice", archive(t, "", tar.Header{Name: "users.ndjson"}, tar.Header{Name: "users.ndjson"}), "twice"},
		{"too many files", archive(t, "", many...), "more than 1004 files"},
		{"a bomb", archive(t, "", tar.Header{Name: "users.ndjson", Size: 200 << 20}), "unpacks to more than"},
		{"something after the end", archive(t, "hidden", tar.Header{Name: "users.ndjson"}), "after its end"},
		{"cut", whole[:len(whole)/2], "not a packed bundle"},
		{"no archive", []byte("(\xb5/\xfd"), "not a packed bundle"},
		{"a flipped bit", append(append(bytes.Clone(whole[:len(whole)-9]), whole[len(whole)-9]^1), whole[len(whole)-8:]...), "not a packed bundle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			file := filepath.Join(root, "bundle.tar.zst")
			overwrite(t, file, string(tt.data))
			_, err := evidence.Unpack(file, filepath.Join(root, "out"), nil, nil)
			if !errors.Is(err, evidence.ErrNotPacked) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Unpack() = %v, want it refused with %q", err, tt.says)
			}
			if entries, err := os.ReadDir(root); err != nil || len(entries) != 1 {
				t.Errorf("Unpack() leaves %v, %v, want nothing but the file", entries, err)
			}
		})
	}
	if _, err := evidence.Unpack(t.TempDir(), filepath.Join(t.TempDir(), "out"), nil, nil); !errors.Is(err, evidence.ErrNotPacked) {
		t.Errorf("Unpack() of a folder = %v, want it refused", err)
	}
}

func FuzzUnpack(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "bundle")
	seal(f, dir, sealed{})
	f.Add(packed(f, dir))
	f.Add(archive(f, "", tar.Header{Name: "../users.ndjson", Size: 3}))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		file := filepath.Join(root, "f")
		overwrite(t, file, string(data))
		_, err := evidence.Unpack(file, filepath.Join(root, "out"), nil, nil)
		entries, listErr := os.ReadDir(root)
		if listErr != nil || err != nil && len(entries) != 1 || err == nil && len(entries) != 2 {
			t.Errorf("Unpack() = %v and leaves %v", err, entries)
		}
	})
}
