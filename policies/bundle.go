package policies

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// maxBundle bounds one file of an OPA bundle.
const maxBundle = 16 << 20

// ReadBundle reads the rules of an OPA bundle, a .tar.gz archive as opa build writes it. With
// a key, a public key in PEM, the bundle's signature must hold (OPA's documentation,
// "Bundle signature"); a signed bundle without a key is refused, for nobody could say
// whose it is. Data in the bundle is refused too: rules read evidence and parameters alone.
func ReadBundle(r io.Reader, key string) (Tree, error) {
	reader := bundle.NewReader(r).WithSizeLimitBytes(maxBundle).WithRegoVersion(ast.RegoV1).
		WithProcessAnnotations(true).IncludeManifestInData(false)
	if key != "" {
		algorithm, err := algorithmOf(key)
		if err != nil {
			return nil, fmt.Errorf("reading the key of the rules' bundle: %w", err)
		}
		config := &bundle.KeyConfig{Key: key, Algorithm: algorithm}
		reader = reader.WithBundleVerificationConfig(bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{"key": config}, "key", "", nil))
	}
	read, err := reader.Read()
	switch {
	case err != nil && key == "":
		return nil, fmt.Errorf("reading a bundle of rules: %w; the public key of a signed one is named with --policy-key", err)
	case err != nil:
		return nil, fmt.Errorf("reading a bundle of rules: %w", err)
	}
	if key != "" && len(read.Signatures.Signatures) == 0 {
		return nil, errors.New("reading a bundle of rules: it is not signed, and a key was given")
	}
	if len(read.Data) > 0 {
		return nil, errors.New("reading a bundle of rules: it holds data, which rules may not read; use parameters")
	}
	tree := Tree{}
	for _, module := range read.Modules {
		tree[strings.TrimPrefix(module.Path, "/")] = string(module.Raw)
	}
	if len(tree) == 0 {
		return nil, errors.New("reading a bundle of rules: it holds no Rego file")
	}
	return tree, nil
}

// algorithmOf is the algorithm of a public key in PEM: RS256 or ES256.
func algorithmOf(key string) (string, error) {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return "", errors.New("it is not a public key in PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("it is not a public key: %w", err)
	}
	switch public.(type) {
	case *rsa.PublicKey:
		return "RS256", nil
	case *ecdsa.PublicKey:
		return "ES256", nil
	default:
		return "", errors.New("it is neither an RSA nor an ECDSA key")
	}
}
