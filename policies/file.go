package policies

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// file is a Rego file of a set. One that ships with the program is known to be sound and parsed
// no further than to the end of its package line until its rules are needed.
type file struct {
	name, text string
	ships      bool
	// head is the package with its METADATA, and of a file that doesn't ship all of it.
	head *ast.Module
}

func readFile(name, text string) (*file, error) {
	f := &file{name: name, text: text, ships: ships(name, text)}
	if f.ships {
		text = headOf(text)
	}
	var err error
	f.head, err = parse(name, text)
	return f, err
}

// module is the whole file.
func (f *file) module() (*ast.Module, error) {
	if !f.ships {
		return f.head, nil
	}
	return parse(f.name, f.text)
}

// headOf is a file's text to the end of its package line.
func headOf(text string) string {
	start := strings.Index("\n"+text, "\npackage ")
	if start < 0 {
		return text
	}
	if end := strings.IndexByte(text[start:], '\n'); end >= 0 {
		return text[:start+end]
	}
	return text
}

func parse(name, text string) (*ast.Module, error) {
	module, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, fmt.Errorf("parsing rule: %w", err)
	}
	return module, nil
}
