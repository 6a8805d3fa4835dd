"""Words that stand beside names and dates in the line above a quotation, and words that no name holds.

Data only: `attribution_words.py` uses them. Alternatives stand between bars; upper and lower case are the same.
"""

# Days of the week, with which the line above a quotation may begin (names and abbreviations of the Unicode CLDR).
DAYS = (
    "нд|пн|вт|ср|чт|пт|сб|неделя|понеделник|вторник|сряда|четвъртък|петък|събота|diumenge|dilluns|dimarts|"
    "dimecres|dijous|divendres|dissabte|ne|po|út|st|čt|pá|so|neděle|pondělí|úterý|středa|čtvrtek|pátek|sobota|"
    "søn|man|tirs|ons|tors|fre|lør|søndag|mandag|tirsdag|onsdag|torsdag|fredag|lørdag|sonntag|montag|dienstag|"
    "mittwoch|donnerstag|freitag|samstag|κυρ|δευ|τρί|τετ|πέμ|παρ|σάβ|κυριακή|δευτέρα|τρίτη|τετάρτη|πέμπτη|"
    "παρασκευή|σάββατο|sun|mon|tue|wed|thu|fri|sat|sunday|monday|tuesday|wednesday|thursday|friday|saturday|dom|"
    "lun|mar|mié|jue|vie|sáb|domingo|lunes|martes|miércoles|jueves|viernes|sábado|pühapäev|esmaspäev|teisipäev|"
    "kolmapäev|neljapäev|reede|laupäev|su|ma|ti|ke|to|pe|la|sunnuntaina|maanantaina|tiistaina|keskiviikkona|"
    "torstaina|perjantaina|lauantaina|dim|mer|jeu|ven|sam|dimanche|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
    "ned|pon|uto|sri|čet|pet|sub|nedjelja|ponedjeljak|utorak|srijeda|četvrtak|petak|subota|sze|szo|vasárnap|"
    "hétfő|kedd|szerda|csütörtök|péntek|szombat|min|sen|sel|rab|kam|jum|sab|minggu|senin|selasa|rabu|kamis|jumat|"
    "sabtu|gio|domenica|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|št|sekmadienis|pirmadienis|antradienis|"
    "trečiadienis|ketvirtadienis|penktadienis|šeštadienis|svētd|pirmd|otrd|trešd|ceturtd|piektd|sestd|svētdiena|"
    "pirmdiena|otrdiena|trešdiena|ceturtdiena|piektdiena|sestdiena|tir|tor|zondag|maandag|dinsdag|woensdag|"
    "donderdag|vrijdag|zaterdag|niedz|wt|śr|czw|pt|sob|niedziela|poniedziałek|wtorek|środa|czwartek|piątek|seg|"
    "ter|qua|qui|sex|segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira|dum|mie|joi|vin|sâm|"
    "duminică|luni|marți|miercuri|vineri|sâmbătă|вс|воскресенье|понедельник|среда|четверг|пятница|суббота|ut|pi|"
    "nedeľa|pondelok|utorok|streda|štvrtok|piatok|sre|nedelja|ponedeljek|torek|sreda|četrtek|petek|sön|mån|tis|"
    "lör|söndag|måndag|tisdag|lördag|paz|pzt|sal|çar|per|cum|cmt|pazar|pazartesi|salı|çarşamba|perşembe|cuma|"
    "cumartesi|неділя|понеділок|вівторок|середа|четвер|пʼятниця|п’ятниця|п'ятниця|субота|mán|þri|mið|fim|fös|lau|"
    "sunnudagur|mánudagur|þriðjudagur|miðvikudagur|fimmtudagur|föstudagur|laugardagur|luns|mér|xov|mércores|"
    "xoves|venres|igandea|astelehena|asteartea|asteazkena|osteguna|ostirala|larunbata|კვი|ორშ|სამ|ოთხ|ხუთ|პარ|"
    "შაბ|კვირა|ორშაბათი|სამშაბათი|ოთხშაბათი|ხუთშაბათი|პარასკევი|შაბათი|нед|пон|уто|сре|чет|пет|суб|недеља|"
    "понедељак|уторак|четвртак|петак|sunnuntai|maanantai|tiistai|keskiviikko|torstai|perjantai|lauantai"
)

# What stands between "On" and a date besides: the shortest of such abbreviations are also words of other languages.
DAYS_AFTER_ON = (
    "dem|dg|dl|dt|dc|dj|dv|ds|mo|di|mi|do|fr|sa|zo|wo|vr|za|cn|chủ|nhật|the|of|dia|día|dnia|dagen|ημέρα|κυριακή|"
    "p|e|t|k|n|r|l"
)

# What stands beside names in such a line: parts of names, and words beside the verb.
BESIDE_NAMES = (
    "a|von|van|der|den|de|du|des|del|della|di|da|dos|das|la|le|el|al|bin|ibn|ben|zu|zum|ten|ter|af|av|via|och|and|und|"
    "et|per|przez|for|om|ha|hat|has|have|heeft|het|volgende|folgendes|va|je|ezt|şunu|tarihinde|đã|user|odesílatel|"
    "používateľ|пользователь|користувач|lietotājs|oseba|käyttäjä|kuupäeval|kell|uhr|erabiltzaileak|hau|idatzi|du"
)

# What stands in place of a name in a letter to the person who wrote what it quotes (The Bat!).
YOU_WROTE = "schrieben Sie|vous écriviez|Вы писали|Ви писали|you wrote|escribió usted|u schreef"

# What stands before a name with a full stop.
TITLES = "dr|dra|mr|mrs|ms|prof|ing|dipl|mag|mgr|st|hr|fr|sr|sra|jr|dott|avv"

# Words of sentences and short answers, which no name holds: as, what, I, yes, no, thanks, great.
NO_NAMES = (
    "great|good|fine|perfect|right|agreed|done|gut|top|super|prima|perfekt|genau|klar|parfait|bien|perfecto|"
    "bueno|vale|perfetto|bene|perfeito|goed|fijn|bra|fint|hyvä|dobře|dobrze|dobre|хорошо|отлично|добре|tamam|"
    "baik|rendben|καλά|as|like|what|who|today|yesterday|that|this|here|when|since|see|i|he|she|we|they|it|yes|no|"
    "ok|okay|thanks|please|hello|hi|sure|wie|was|heute|gestern|hier|siehe|ich|er|sie|wir|ja|nein|danke|bitte|"
    "hallo|comme|que|qui|quoi|voici|voilà|je|il|elle|nous|oui|non|merci|bonjour|como|cómo|ayer|hoy|aquí|yo|él|"
    "ella|sí|gracias|hola|come|che|ieri|oggi|ecco|io|sì|grazie|ciao|zoals|wat|gisteren|vandaag|ik|hij|zij|wij|"
    "nee|bedankt|dank|som|hvad|hva|vad|jeg|jag|hon|tak|takk|tack|kuten|mitä|minä|hän|kyllä|kiitos|jak|já|ano|ne|"
    "díky|děkuji|ako|čo|áno|nie|vďaka|dzięki|dziękuję|kako|što|hvala|как|что|вчера|сегодня|я|он|который|которая|"
    "она|мы|да|нет|спасибо|як|що|він|вона|так|ні|дякую|както|какво|аз|не|благодаря|ahogy|amit|én|igen|nem|"
    "köszönöm|όπως|τι|εγώ|ναι|όχι|ευχαριστώ|cum|ce|mulțumesc|com|obrigado|obrigada|não|gràcies|gibi|evet|hayır|"
    "teşekkürler|seperti|apa|saya|tidak|terima|như|tôi|vâng|không|cảm|nagu|mida|ei|aitäh|kaip|ką|taip|ačiū|kā|jā|"
    "nē|paldies|نعم|لا|شكرا|כן|לא|תודה|بله|نه|ممنون|はい|いいえ|네|예|아니요|好的|是的|请|請|谢谢|謝謝|ใช่|ไม่"
)
