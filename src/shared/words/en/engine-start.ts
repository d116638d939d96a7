/** What a start is doing that takes long (engine/starting.ts). */
export const engineStart = {
  startReadingLedger: "Reading the ledger through ({{size}} GB)",
  startRestoringLedger: "Looking for the newest good copy of the ledger",
  startUpgradingLedger: "Bringing the ledger to the form of this version ({{size}} GB)",
  startCheckingModel: "Checking the model {{model}}: {{percent}} %",
};
