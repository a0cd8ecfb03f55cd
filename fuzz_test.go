package domicile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reads are the names of functions that take a text or a file apart.
var reads = regexp.MustCompile(`^(Read|Parse|Decode|Import|Verify|Append)([A-Z]|$)`)

// TestParsersAreFuzzed: an exported function that takes apart what others may have written (a
// parameter of bytes, a reader or a file) is called by a fuzz target of its package.
func TestParsersAreFuzzed(t *testing.T) {
	// What has another target in its stead.
	covered := map[string]string{
		"findings.ReadHead": "history.FuzzDocument",
	}
	parsers, fuzzed := map[string]bool{}, map[string]bool{}
	for _, root := range []string{"collectors", "evidence", "findings", "history", "internal", "policies", "remediation"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			folder := filepath.ToSlash(filepath.Dir(path))
			for _, declaration := range file.Decls {
				function, is := declaration.(*ast.FuncDecl)
				switch {
				case !is || function.Recv != nil:
				case strings.HasPrefix(function.Name.Name, "Fuzz"):
					for name := range called(function) {
						fuzzed[folder+"."+name] = true
					}
				case !strings.HasSuffix(path, "_test.go") && reads.MatchString(function.Name.Name) && takesText(function):
					parsers[folder+"."+function.Name.Name] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parsers)) {
		if !fuzzed[name] && covered[name] == "" {
			t.Errorf("%s reads what others may have written, and no fuzz target of its package calls it", name)
		}
	}
	for name := range covered {
		if !parsers[name] || fuzzed[name] {
			t.Errorf("%s needs no exception", name)
		}
	}
	if len(parsers) < 12 {
		t.Errorf("only the parsers %v were found", slices.Sorted(maps.Keys(parsers)))
	}
}

// called are the names of the functions that a function calls.
func called(function *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(function, func(node ast.Node) bool {
		if call, is := node.(*ast.CallExpr); is {
			switch to := call.Fun.(type) {
			case *ast.Ident:
				names[to.Name] = true
			case *ast.SelectorExpr:
				names[to.Sel.Name] = true
			}
		}
		return true
	})
	return names
}

// takesText says whether a function takes bytes, a reader or the file of somebody.
func takesText(function *ast.FuncDecl) bool {
	return function.Name.IsExported() && slices.ContainsFunc(function.Type.Params.List, func(field *ast.Field) bool {
		kind := field.Type
		if list, is := kind.(*ast.ArrayType); is {
			kind = list.Elt
		}
		switch kind := kind.(type) {
		case *ast.Ident:
			return kind != field.Type && kind.Name == "byte" || kind.Name == "File"
		case *ast.SelectorExpr:
			return kind.Sel.Name == "Reader"
		default:
			return false
		}
	})
}
