package policies

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
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

// maxBundle bounds an OPA bundle, packed and unpacked: it holds text for people.
const maxBundle = 16 << 20

// ReadBundle reads the rules of an OPA bundle, a .tar.gz archive as opa build writes it. With
// a key, a public key in PEM, the bundle's signature must hold (OPA's documentation,
// "Bundle signature"); nil is no key, and a signed bundle without one is refused, for nobody could say
// whose it is. Data in the bundle is refused too: rules read evidence and parameters alone.
func ReadBundle(r io.Reader, key []byte) (Tree, error) {
	packed, err := bounded(r)
	if err != nil {
		return nil, fmt.Errorf("reading a bundle of rules: %w", err)
	}
	reader := bundle.NewReader(bytes.NewReader(packed)).WithSizeLimitBytes(maxBundle).WithRegoVersion(ast.RegoV1).
		WithProcessAnnotations(true).IncludeManifestInData(false)
	if key != nil {
		algorithm, err := algorithmOf(key)
		if err != nil {
			return nil, fmt.Errorf("reading the key of the rules' bundle: %w", err)
		}
		config := &bundle.KeyConfig{Key: string(key), Algorithm: algorithm}
		reader = reader.WithBundleVerificationConfig(bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{"key": config}, "key", "", nil))
	}
	read, err := reader.Read()
	switch {
	case err != nil && key == nil:
		return nil, fmt.Errorf("reading a bundle of rules: %w; the public key of a signed one is named with --policy-key", err)
	case err != nil:
		return nil, fmt.Errorf("reading a bundle of rules: %w", err)
	}
	if key != nil && len(read.Signatures.Signatures) == 0 {
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

// bounded reads a packed bundle that stays within maxBundle when it is unpacked.
func bounded(r io.Reader) ([]byte, error) {
	packed, err := io.ReadAll(io.LimitReader(r, maxBundle+1))
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(io.Discard, io.LimitReader(unpacked, maxBundle+1))
	if err == nil && max(size, int64(len(packed))) > maxBundle {
		err = fmt.Errorf("it is larger than %d bytes", maxBundle)
	}
	return packed, err
}

// algorithmOf is the algorithm of a public key in PEM: RS256, or that of an ECDSA key's curve.
func algorithmOf(key []byte) (string, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return "", errors.New("it is not a public key in PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("it is not a public key: %w", err)
	}
	switch public := public.(type) {
	case *rsa.PublicKey:
		return "RS256", nil
	case *ecdsa.PublicKey:
		curves := map[elliptic.Curve]string{elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512"}
		if algorithm, known := curves[public.Curve]; known {
			return algorithm, nil
		}
	}
	return "", errors.New("it is neither an RSA key nor an ECDSA key of the curve P-256, P-384 or P-521")
}
