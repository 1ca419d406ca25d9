/** What the page's other scripts put on `window`: Dash, its grids, Plotly. Read by the type checker alone. */

interface Window {
  /** For whoever looks into a page; assets/qtrade.mjs. */
  qt: Readonly<Record<string, unknown>>;
  renderer: unknown;
  DashRenderer: new () => unknown;
  dash_clientside: any;
  dash_component_api: { getLayout(id: string): unknown };
  dash_ag_grid: { getApiAsync(id: string): Promise<any> };
  dashAgGridFunctions: Record<string, Function>;
  dashAgGridComponentFunctions: Record<string, Function>;
  Plotly: any;
  React: any;
}
