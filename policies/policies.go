// Package policies judges: it holds the rules, written in Rego, and the few Go files
// that load, check and evaluate them.
//
// A bundle of evidence goes in; a findings.Result comes out. A rule sees its input and
// nothing else: the built-ins that reach a network, a clock or chance are taken away,
// so that using one is a compile error and equal evidence gives equal verdicts.
package policies

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

//go:embed */*.rego
var builtin embed.FS

// Tree is a set of Rego files, tests included: their sources by path, <topic>/<rule>.rego
// and lib/<subject>.rego.
type Tree map[string]string

// Builtin is the tree of the rules that ship with the program.
func Builtin() Tree {
	tree, err := ReadTree(builtin)
	if err != nil {
		panic(err) // the files are embedded
	}
	return tree
}

// ships says whether a file ships with the program as it is.
func ships(name, source string) bool {
	shipped, err := fs.ReadFile(builtin, name)
	return err == nil && string(shipped) == source
}

// maxRego bounds one Rego file, which is text for people.
const maxRego = 1 << 20

// ReadTree reads every .rego file of a folder, which must have one.
func ReadTree(folder fs.FS) (Tree, error) {
	tree := Tree{}
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" {
			return err
		}
		// A link is judged by what it leads to.
		info, err := fs.Stat(folder, name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > maxRego {
			return fmt.Errorf("reading rule %s: it is no file, or larger than %d bytes", name, maxRego)
		}
		source, err := fs.ReadFile(folder, name)
		tree[name] = string(source)
		return err
	})
	if err == nil && len(tree) == 0 {
		err = errors.New("it holds no Rego file; name the folder above the topics")
	}
	return tree, err
}

// parse parses the files of a tree, tests left out unless asked for.
func (t Tree) parse(tests bool) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	for _, name := range t.names(tests) {
		module, err := parse(name, t[name])
		if err != nil {
			return nil, err
		}
		modules[name] = module
	}
	return modules, nil
}

// names are the paths of a tree's files, sorted, tests left out unless asked for.
func (t Tree) names(tests bool) []string {
	names := slices.Sorted(maps.Keys(t))
	return slices.DeleteFunc(names, func(name string) bool { return !tests && strings.HasSuffix(name, "_test.rego") })
}

// compile checks and compiles modules.
func compile(modules map[string]*ast.Module, schemas *ast.SchemaSet) (*ast.Compiler, error) {
	compiler := strictCompiler(schemas)
	compiler.Compile(modules)
	if compiler.Failed() {
		return nil, fmt.Errorf("compiling rules: %w", compiler.Errors)
	}
	return compiler, nil
}

// strictCompiler is as strict as OPA can be: unused variables and imports, deprecated
// built-ins, and every reference into the input against schemas.
func strictCompiler(schemas *ast.SchemaSet) *ast.Compiler {
	return ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).
		WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
}

// capabilities are OPA's own without every built-in that isn't a pure function of its
// arguments.
func capabilities() *ast.Capabilities {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.Builtins = slices.DeleteFunc(capabilities.Builtins, func(builtin *ast.Builtin) bool {
		return builtin.IsNondeterministic() || builtin.Name == "opa.runtime"
	})
	capabilities.AllowNet = []string{}
	return capabilities
}
