"""Words that stand above the columns of tables almost everywhere, in the languages of most files.

They settle what the cells alone leave open. A heading in another language is still found above
numbers, dates, codes, long texts and values that repeat.
"""

from __future__ import annotations

import re

_WORDS = """
aandeel aantal abbreviation abteilung account action address adres adress adresse afdeling
affitto afstand age alquiler altezza altura amount anchura anmerkung anno année ansprechpartner
answer anteil antwoord antwort anzahl apellido area art article articolo artikel artículo
attività aufgabe aufwand auteur author autor autore average azienda año balance bedeutung bedrag
bedrijf beginn begriff belasting belopp beløb bemerkung bemerkungen beneficio beschreibung
beschrijving beschäftigte beskrivelse beskrivning bestand betrag bezeichnung bis brand breedte
breite bron budget building by bénéfice calle cantidad capacidad capaciteit capacity capacità
capacité categoria categorie category categoría catégorie cena chiffre città city ciudad clase
class classe client cliente code cognome color colour comment comments company compte contact
contactpersoon correo cost coste costo costs count country courriel coût coûts cuenta currency
customer czas czynsz dag dagen data date dato datum dauer day days deadline definition demand
departamento department depth descripción description descrizione descuento details devise
diepte dipartimento dirección discount distance distancia distanza dni dostawca due duración
durata duration durchschnitt durée duur dział dzień début définition département dépenses
désignation día días długość e-mail edad eenheid effectif effectifs eigenaar eigentümer einde
einheit einwohner email employee employees empresa end ende entreprise equipo ertrag estado età
expense expenses fahrzeug fatturato fecha fee fees field file fin fine firma first floor fläche
fonction fonte fornitore fournisseur frage frais from fuente función functie funkcja funktion
funzione fällig gastos gebühr gebühren gehalt gemeente gemiddelde gender geschwindigkeit gewicht
gewinn giorni giorno godziny groep group groupe grupa grupo gruppe gruppo głębokość hafen
hauteur haven headcount height heures hinta hoogte hora horas hours huur höhe id ilość imię
impact importe importo imposta impuesto impôt income indicator indirizzo ingresos inicio inizio
inkomsten input interest inwoners item items jaar jahr jednostka jour jours kapazität kategoria
kategorie key klant klasa klasse klient koniec konto korting kost kosten koszt koszty kpi kraj
kunde kwota land landlord language largeur larghezza last leeftijd leistung lengte length
leverancier libellé lieferant lieu locatie location lohn longitud longueur loon loss loyer
ludność lugar lunghezza luogo länge maand maatregel manager marge margin maximum maßnahme mean
meaning measure media medida menge mes mese mesure method metric miasto miejsce miesiąc miete
minimum misura mitarbeiter mittelwert model mois monat moneda montant month moyenne munt määrä
naam nachname name namen names namn navn navne nazwa nazwisko nimi no nom nombre nome nota notas
note notes nr number numer numero nummer numéro número observaciones odległość okres
omschrijving omzet operator opis opmerking opmerkingen oppervlakte opłata ora orders ore ort
osoba osservazioni output owner paese parameter part pays país pensja percent percentage
percentuale perdita period periode periodo person persona personne perte período peso phone
place plant plz población początek podatek poids pojemność popolazione population porcentaje
port position postcode pourcentage powierzchnia precio preis prezzo price prijs prioridad
prioriteit priority priorità priorität priorité priorytet pris prix probability procent prodotto
product producto produit produkt profit profondeur profondità profundidad progetto project
projekt projet promedio propietario proprietario propriétaire proveedor proyecto prozent
przychód prénom pérdida période qty quantity quantità quantité quelle question rabat rabatt rate
recettes reference regio region regione región rekening remarks remarque remarques remise rent
responsable responsible revenue ricavi riesgo rischio risiko risk risque rok role rolle room rue
ruolo ryzyko région rôle salaire salario salaris salary saldo sales sconto score service
servicio servizio severity share site size snelheid société solde soort source speed spese
sprzedaż stad stadt stan stand standort start state stato status statut steuer stipendio stock
straat strata straße street stunden sum suma summe superficie supplier supply surface surname
szerokość taak tag tage tarea tarifa tasa task tasso taux tax team telefon telefono telefoon
teléfono temperatur temperatura temperature temperatuur température tenant term terme thema
tiefe tiefgang time tipo titel title titolo titre to toestand totaal total totale town turnover
typ type tytuł tâche téléphone título uitgaven ulica umsatz unidad unit units unità unité uren
url usługa utile uwagi valeur valor valore value values vehicle velocidad velocità vendite
vendor ventas verantwoordelijke verantwortlich verlies verlust version via ville vitesse
voertuig volume volumen von vorname vraag véhicule waarde waga wage waluta wartość website
weight wert werte width wiek winst wysokość währung właściciel year zadanie zeit zeitraum zins
zip zuständig zysk âge échéance équipe état średnia źródło адрес аренда вес владелец возраст
время выручка высота глубина год город группа дата день длина дни должность доля единица
зарплата значение имя категория клиент количество компания месяц название наименование налог
население номер описание ответственный отдел площадь поставщик прибыль примечание продажи
продукт проект процент расстояние расходы регион скидка статус стоимость страна сумма телефон
тип товар улица фамилия цена часы ширина
"""
HEADING_WORDS = frozenset(_WORDS.split())
HEADING_SIGNS = re.compile(
    "名称|姓名|名字|编号|序号|类型|类别|状态|日期|时间|年份|"
    "地址|电话|负责人|部门|数量|单价|价格|金额|面积|城市|国家|"
    "地区|仓库|备注|说明|深度|高度|长度|重量|收入|成本|预算|"
    "比例|人数|产品|项目|客户|氏名|名前|番号|種類|日付|住所|"
    "電話|担当|部署|価格|金額|会社|商品|備考|売上|費用|面積|"
    "場所|国|都市|이름|번호|유형|상태|날짜|주소|전화|담당|"
    "부서|수량|가격|금액|회사|제품|비고|도시|국가"
)
