import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["assets/vendor/**", ".venv*/**", "reports/**", "node_modules/**"] },   // .venv holds packages with scripts of their own
  js.configs.recommended,
  {
    files: ["assets/**/*.mjs"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "prefer-arrow-callback": "error",
      "prefer-spread": "error",
      "one-var": ["error", { let: "never" }],
      "object-shorthand": "error",
      "eqeqeq": "error",
      "curly": ["error", "all"],
      "no-implicit-globals": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "none" }],
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-restricted-globals": ["error",
        { name: "setInterval", message: "Use every() of core/every.mjs: it knows hidden and frozen pages." }],
      "no-restricted-properties": ["error",
        { object: "window", property: "setInterval", message: "Use every() of core/every.mjs: it knows hidden and frozen pages." }],
      "max-len": ["error", {
        code: 130, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true,
        ignorePattern: "^\\s*/\\*\\* .*@(param|returns|typedef|type) .*\\*/$",   // types of a function, on the line above it
      }],
    },
  },
  { files: ["tests/browser_code/*.mjs"], languageOptions: { globals: { ...globals.nodeBuiltin, ...globals["shared-node-browser"] } } },
  { files: ["assets/core/every.mjs"], rules: { "no-restricted-properties": "off" } },
];
