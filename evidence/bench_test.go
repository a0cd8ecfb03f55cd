package evidence_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

const benchObjects = 10_000

// writeUsers writes a bundle of users.
func writeUsers(b *testing.B, dir string, objects []json.RawMessage) {
	b.Helper()
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: evidence.Tenant{ID: "t", Name: "Contoso", Cloud: "global"}})
	if err != nil {
		b.Fatal(err)
	}
	out, err := writer.Kind(evidence.Entry{Kind: "users", Tier: evidence.API})
	if err != nil {
		b.Fatal(err)
	}
	for _, object := range objects {
		if err := out.Write(object); err != nil {
			b.Fatal(err)
		}
	}
	out.Complete()
	if _, err := writer.Close(time.Unix(0, 0)); err != nil {
		b.Fatal(err)
	}
}

func users() []json.RawMessage {
	objects := make([]json.RawMessage, benchObjects)
	for i := range objects {
		objects[i] = fmt.Appendf(nil, `{"id":"10000000-0000-4000-8000-%012x","displayName":"Person %[1]d","userPrincipalName":"person.%[1]d@contoso.example","accountEnabled":true,"usageLocation":"DE","assignedLicenses":[]}`, i)
	}
	return objects
}

func perObject(b *testing.B) {
	b.Helper()
	b.ReportMetric(benchObjects*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

// BenchmarkWrite writes a bundle, hashes and all.
func BenchmarkWrite(b *testing.B) {
	objects, dir := users(), filepath.Join(b.TempDir(), "bundle")
	b.ReportAllocs()
	for b.Loop() {
		writeUsers(b, dir, objects)
	}
	perObject(b)
}

// BenchmarkRead reads the objects of a bundle.
func BenchmarkRead(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "bundle")
	writeUsers(b, dir, users())
	bundle, err := evidence.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		read := 0
		for _, err := range bundle.Objects("users") {
			if err != nil {
				b.Fatal(err)
			}
			read++
		}
		if read != benchObjects {
			b.Fatalf("read %d objects", read)
		}
	}
	perObject(b)
}

// BenchmarkVerify holds a bundle against its manifest.
func BenchmarkVerify(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "bundle")
	writeUsers(b, dir, users())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := evidence.Verify(dir, nil); err != nil {
			b.Fatal(err)
		}
	}
	perObject(b)
}
