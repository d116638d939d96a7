export const engineStart = {
  startReadingLedger: "Das Hauptbuch wird durchgelesen ({{size}} GB)",
  startRestoringLedger: "Die neueste gute Kopie des Hauptbuchs wird gesucht",
  startUpgradingLedger: "Das Hauptbuch wird in die Form dieser Version gebracht ({{size}} GB)",
  startCheckingModel: "Das Modell {{model}} wird geprüft: {{percent}} %",
};
