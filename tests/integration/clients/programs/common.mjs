// What the programs share: they read their cases from the command line and print one line of JSON for each.

export const TOOL = "get_weather";
export const DESCRIPTION = "Return the weather in a city.";
export const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

// Run each case with the settings; print the events of the client, or the error that it threw.
export async function runCases(runCase) {
  const settings = JSON.parse(process.argv[2]);
  for (const each of settings.cases) {
    let events;
    try {
      events = await runCase(settings, each);
    } catch (error) {
      events = [{ type: "error", name: error.name, trace: error.stack ?? String(error) }];
    }
    process.stdout.write(JSON.stringify({ case: each.id, events }) + "\n");
  }
}
