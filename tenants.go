// Package domicile embeds the simulated tenants, so that the demo, the tests and the
// benchmarks share one fake that travels with the binary. It holds data and nothing else.
package domicile

import (
	"embed"
	"io/fs"
)

//go:embed testdata/tenants
var tenants embed.FS

// Tenants returns the folder of simulated tenants: one folder a tenant, with its
// tenant.yaml and domicile.yaml.
func Tenants() fs.FS {
	sub, err := fs.Sub(tenants, "testdata/tenants")
	if err != nil {
		panic(err) // the path is valid and embedded
	}
	return sub
}
