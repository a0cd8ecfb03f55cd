// Package policies judges: it holds the rules, written in Rego, and the few Go files
// that load, check and evaluate them.
//
// A bundle of evidence goes in; a findings.Result comes out. A rule sees its input and
// nothing else: the built-ins that reach a network, a clock or chance are taken away,
// so that using one is a compile error and equal evidence gives equal verdicts.
package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

//go:embed */*.rego
var builtin embed.FS

// Builtin is the tree of the rules that ship with the program, tests included.
func Builtin() fs.FS { return builtin }

// parse reads every .rego file of a tree, tests left out unless asked for. The keys are
// the files' paths.
func parse(tree fs.FS, tests bool) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" {
			return err
		}
		if !tests && strings.HasSuffix(name, "_test.rego") {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		module, err := ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		if err != nil {
			return fmt.Errorf("parsing rule: %w", err)
		}
		modules[name] = module
		return nil
	})
	return modules, err
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
