import type { AskedPassage } from "./types.ts";

/** Dense paragraphs as encyclopedias have them, written for the tests, with questions in other words than theirs. All places and people are invented; the answerer's weights were fitted to them. */
export const ENCYCLOPEDIA: readonly AskedPassage[] = [
  {
    title: "",
    text:
      "The Varrow Canal is an artificial waterway in the northern lowlands that links the port of Ellesby to the mining districts around Harnwick. Proposals for a navigable channel had been debated since the 1690s, but it was not until the coal shortage of 1768 that the county assembly granted a charter to a private company headed by Josiah Penhale. Construction employed more than 4,000 labourers, many of them seasonal migrants from the western islands, and was finished eleven months behind schedule in October 1779. The canal rises 52 metres by means of 23 locks, the deepest of which, at Cold Ashby, remained the largest in the country until 1894. Competition from the railway reduced annual tonnage from 310,000 to barely 40,000 within two decades, and commercial traffic ceased altogether after the severe winter of 1947. Since its restoration by volunteers in the 1980s the waterway has been used chiefly for leisure boating, while its towpath forms part of a long-distance trail. In 2006 the aqueduct over the River Teme was added to the national register of monuments.",
    asked: [
      ["Who was in charge of the company that received the charter?", "Josiah Penhale"],
      ["What event led the assembly to approve the project?", "coal shortage of 1768"],
      ["How many workers were used to build the waterway?", "4,000"],
      ["Where did many of the workers come from?", "western islands"],
      ["In what month and year was the canal completed?", "October 1779"],
      ["What is the number of locks on the Varrow Canal?", "23"],
      ["Where is the deepest lock located?", "Cold Ashby"],
      ["What caused the decline in the amount of goods carried?", "railway"],
      ["What is the main use of the canal today?", "leisure boating"],
      ["When was the aqueduct recognised as a monument?", "2006"],
      ["Who restored the canal?", "volunteers"],
    ],
    unanswerable: ["How much did it cost to build the canal?"],
  },
  {
    title: "",
    text:
      "Marrowfish (Lutra piscis) are freshwater bottom-dwellers native to the cold rivers of the Toraz plateau. Adults reach a length of 40 to 55 centimetres and weigh up to three kilograms, although a specimen caught in 1932 near Belmez was reported at almost twice that weight. Unlike most of their relatives, they breathe through the lining of the gut when oxygen levels drop, an adaptation first described by the Danish physiologist Ingrid Holm. Spawning takes place in late autumn, when females deposit between 800 and 1,200 eggs under flat stones; the male guards the nest for about six weeks and does not feed during that time. The larvae feed on mosquito eggs, whereas older fish prey mainly on crayfish. Overfishing and the damming of the upper Toraz led to a collapse of the population, and the species has been listed as endangered since 1996. A breeding programme run by the University of Senn has released some 60,000 young fish into the wild. Local folklore holds that the animal sings before an earthquake.",
    asked: [
      ["How long do grown marrowfish get?", "40 to 55 centimetres"],
      ["What organ can marrowfish use for breathing when there is little oxygen?", "lining of the gut"],
      ["Who was the first to describe this type of breathing?", "Ingrid Holm"],
      ["At what time of year do marrowfish lay their eggs?", "late autumn"],
      ["What do adult fish mostly eat?", "crayfish"],
      ["Which parent protects the eggs?", "the male"],
      ["What were the reasons for the decline in numbers?", "Overfishing"],
      ["Which institution breeds the fish in order to release them?", "University of Senn"],
      ["What is the marrowfish said to do before an earthquake?", "sings"],
      ["How many eggs does a female lay?", "800 and 1,200"],
    ],
    unanswerable: ["How old do marrowfish become?"],
  },
  {
    title: "",
    text:
      "Das Kloster Eschenbrunn ist eine ehemalige Benediktinerabtei am Oberlauf der Selse. Gegründet wurde es um 1120 von der Gräfin Adelheid von Rabenau, die ihren gesamten Besitz östlich des Flusses stiftete. Im Bauernkrieg brannten Aufständische die Bibliothek nieder, wobei rund 900 Handschriften verloren gingen. Die heutige barocke Kirche entstand zwischen 1712 und 1731 nach Plänen des Baumeisters Lorenz Zimmerle; ihre 63 Meter hohen Türme sind bei klarem Wetter noch in Hallstein zu sehen. Nach der Säkularisation im Jahr 1803 diente die Anlage zunächst als Kaserne, später als Zuchthaus. Seit 1954 beherbergt sie ein Gymnasium, das derzeit von etwa 650 Schülern besucht wird. Bekannt ist Eschenbrunn vor allem für seine Orgel, auf der jeden Sommer ein internationaler Wettbewerb ausgetragen wird.",
    asked: [
      ["Wer stiftete das Kloster?", "Adelheid von Rabenau"],
      ["Was wurde im Bauernkrieg zerstört?", "Bibliothek"],
      ["Wie viele Manuskripte wurden vernichtet?", "900"],
      ["Wer war der Architekt der barocken Kirche?", "Lorenz Zimmerle"],
      ["Welche Höhe haben die Kirchtürme?", "63 Meter"],
      ["Wofür wurden die Gebäude nach 1803 zuerst genutzt?", "Kaserne"],
      ["Welche Einrichtung befindet sich heute im Kloster?", "Gymnasium"],
      ["Wie oft findet der Orgelwettbewerb statt?", "jeden Sommer"],
      ["An welchem Fluss liegt die Abtei?", "Selse"],
    ],
    unanswerable: ["Wie viele Mönche lebten im Kloster?"],
  },
  {
    title: "",
    text:
      "La batalla de Monteverde fue un enfrentamiento librado el 14 de agosto de 1836 entre las tropas federales del general Anselmo Quiroga y las milicias del norte. Aunque los milicianos contaban con apenas 1.800 hombres, frente a los 5.000 de su adversario, aprovecharon la niebla para cruzar el río Saladillo durante la noche. El combate duró menos de tres horas y terminó cuando Quiroga, herido en una pierna, ordenó la retirada hacia San Blas. Las bajas federales superaron las 700, mientras que los vencedores perdieron a unos 120 combatientes. Como consecuencia de la derrota, el gobierno firmó el tratado de Ojo de Agua, que reconocía la autonomía de las cinco provincias septentrionales. El poeta Julián Arteaga, que participó en la lucha a los diecisiete años, la describió más tarde en su obra más famosa, «La niebla». Cada año los habitantes de la zona recrean el cruce del río con antorchas.",
    asked: [
      ["¿Quién dirigía el ejército federal?", "Anselmo Quiroga"],
      ["¿Cuántos soldados tenía el bando del norte?", "1.800"],
      ["¿Qué fenómeno meteorológico ayudó a las milicias?", "niebla"],
      ["¿Cuánto tiempo se prolongó la lucha?", "tres horas"],
      ["¿Hacia dónde se retiraron los federales?", "San Blas"],
      ["¿Qué acuerdo se firmó tras la batalla?", "Ojo de Agua"],
      ["¿Qué edad tenía Arteaga cuando combatió?", "diecisiete"],
      ["¿En qué fecha ocurrió la batalla?", "14 de agosto de 1836"],
      ["¿Cuál es el libro más conocido de Julián Arteaga?", "La niebla"],
      ["¿Cuántas provincias obtuvieron autonomía?", "cinco"],
    ],
    unanswerable: ["¿Cuándo murió el general Quiroga?"],
  },
  {
    title: "",
    text:
      "Le téléphérique de Sarvane relie la vallée de l'Oule au plateau du Grand Torrent, à 2 140 mètres d'altitude. L'idée en revient à l'ingénieur suisse Émile Fauchon, qui avait étudié les câbles aériens des mines boliviennes. Les travaux débutèrent en 1929, furent interrompus pendant la guerre faute d'acier et ne s'achevèrent qu'en 1951. À son ouverture, l'installation était la plus longue d'Europe avec 4,8 kilomètres, un record qu'elle conserva jusqu'en 1964. Chaque cabine peut transporter 45 passagers et le trajet dure douze minutes. En février 1978, une rafale de vent fit dérailler un câble porteur ; les occupants furent évacués par hélicoptère et personne ne fut blessé. Menacée de fermeture à cause de ses pertes financières, la ligne fut rachetée en 2011 par la commune, qui l'alimente désormais grâce à une petite centrale hydroélectrique.",
    asked: [
      ["Qui a imaginé le téléphérique ?", "Émile Fauchon"],
      ["Pourquoi la construction s'est-elle arrêtée ?", "faute d'acier"],
      ["En quelle année les travaux ont-ils pris fin ?", "1951"],
      ["Combien de personnes une cabine contient-elle ?", "45"],
      ["Combien de temps faut-il pour faire le voyage ?", "douze minutes"],
      ["Comment les passagers ont-ils été secourus en 1978 ?", "hélicoptère"],
      ["À qui appartient la ligne aujourd'hui ?", "la commune"],
      ["D'où vient l'électricité utilisée ?", "centrale hydroélectrique"],
      ["À quelle altitude se trouve le plateau ?", "2 140 mètres"],
    ],
    unanswerable: ["Combien coûte un billet ?"],
  },
  {
    title: "",
    text:
      "Каменогорская обсерватория — астрономическое учреждение, расположенное на склоне горы Ульген на высоте 2650 метров над уровнем моря. Решение о её строительстве было принято в 1934 году по предложению академика Николая Верещагина, который искал место с наибольшим числом ясных ночей. Первый телескоп с зеркалом диаметром 1,2 метра изготовили на заводе в Лыткарске, а доставляли его по частям на лошадях. Во время войны здание использовалось как метеорологическая станция. В 1957 году сотрудница обсерватории Мария Сорокина открыла комету, названную впоследствии её именем. Сегодня здесь работают около ста двадцати учёных из девяти стран, а основным направлением исследований является поиск планет у других звёзд. Из-за светового загрязнения от соседнего города руководство добивается создания охранной зоны радиусом 30 километров.",
    asked: [
      ["Кто предложил построить обсерваторию?", "Верещагина"],
      ["На какой горе находится обсерватория?", "Ульген"],
      ["Каким был диаметр зеркала первого телескопа?", "1,2 метра"],
      ["На чём перевозили телескоп?", "на лошадях"],
      ["Чем служило здание в военные годы?", "метеорологическая станция"],
      ["Что обнаружила Мария Сорокина?", "комету"],
      ["Сколько учёных трудится в обсерватории?", "ста двадцати"],
      ["Чем в основном занимаются исследователи?", "поиск планет"],
      ["Почему нужна охранная зона?", "светового загрязнения"],
    ],
    unanswerable: ["Сколько стоил телескоп?"],
  },
  {
    title: "",
    text:
      "云溪茶园位于南岭山脉北麓，平均海拔约九百米，是该省面积最大的有机茶产地。据地方志记载，当地种茶的历史可以追溯到宋代，但大规模种植始于1862年，由商人周启明从福建引进新品种。茶园总面积为三千四百公顷，每年生产约一千八百吨茶叶，其中六成出口到东南亚。采摘工作全部由人工完成，每年清明节前采下的嫩芽价格最高。1998年的一场霜冻使产量减少了一半，此后茶农在山坡上安装了风扇以防止冻害。2010年，这里被列入农业文化遗产名录，游客人数随之迅速增加。当地学校还开设了制茶课程，由退休的老师傅授课。",
    asked: [
      ["云溪茶园在什么山脉?", "南岭山脉"],
      ["是谁把新品种带到当地的?", "周启明"],
      ["大规模种茶是从哪一年开始的?", "1862年"],
      ["茶园每年产多少茶叶?", "一千八百吨"],
      ["茶叶主要出口到哪里?", "东南亚"],
      ["为什么茶农要安装风扇?", "防止冻害"],
      ["什么时候采的茶最贵?", "清明节前"],
      ["哪一年茶园成为农业文化遗产?", "2010年"],
      ["谁教制茶课程?", "退休的老师傅"],
    ],
    unanswerable: ["茶园有多少名工人?"],
  },
  {
    title: "",
    text:
      "جامعة النخيل مؤسسة تعليمية حكومية تقع في مدينة الواحة على بعد ثمانين كيلومترا من الساحل. أسسها الطبيب إبراهيم المنصوري سنة 1928 بعد عودته من باريس، وكانت تضم في البداية كليتين فقط هما كلية الطب وكلية الزراعة. قبلت الجامعة أول دفعة من الطالبات في عام 1946، وهو ما أثار جدلا واسعا في الصحف آنذاك. تعرضت المكتبة المركزية لحريق كبير سنة 1973 أتلف أكثر من عشرين ألف كتاب. ويدرس في الجامعة حاليا نحو سبعة وثلاثين ألف طالب موزعين على أربع عشرة كلية. تشتهر الجامعة بأبحاثها في مجال تحلية المياه، وقد نال الأستاذ سامي الحلبي جائزة دولية في هذا المجال عام 2015. ويحيط بالحرم الجامعي سور بني من الحجر الأحمر.",
    asked: [
      ["من مؤسس جامعة النخيل؟", "إبراهيم المنصوري"],
      ["أين كان المؤسس قبل إنشاء الجامعة؟", "باريس"],
      ["متى التحقت الفتيات بالجامعة لأول مرة؟", "1946"],
      ["ما عدد الكتب التي دمرها الحريق؟", "عشرين ألف"],
      ["كم عدد الطلاب في الجامعة اليوم؟", "سبعة وثلاثين ألف"],
      ["في أي مجال تشتهر أبحاث الجامعة؟", "تحلية المياه"],
      ["من حصل على جائزة دولية؟", "سامي الحلبي"],
      ["ما المادة التي صنع منها السور؟", "الحجر الأحمر"],
    ],
    unanswerable: ["كم تبلغ رسوم الدراسة؟"],
  },
  {
    title: "",
    text:
      "सोनपुर बाँध नर्मदा की सहायक नदी कारा पर बना एक गुरुत्वीय बाँध है। इसका निर्माण 1956 में शुरू हुआ और सात वर्ष बाद पूरा हुआ। बाँध की ऊँचाई 78 मीटर और लंबाई लगभग 1,200 मीटर है। परियोजना के मुख्य अभियंता रघुनाथ देशमुख थे, जिन्होंने पहले नॉर्वे में काम किया था। जलाशय के कारण 46 गाँवों के लगभग अठारह हज़ार लोगों को विस्थापित होना पड़ा। बाँध से पैदा होने वाली बिजली मुख्य रूप से कपड़ा मिलों को दी जाती है। 1994 की बाढ़ में इसके तीन फाटक टूट गए थे, जिसके बाद पूरे ढाँचे की मरम्मत की गई। आज यह स्थान प्रवासी पक्षियों के लिए प्रसिद्ध है और सर्दियों में यहाँ बहुत से पर्यटक आते हैं।",
    asked: [
      ["सोनपुर बाँध किस नदी पर बना है?", "कारा"],
      ["बाँध का निर्माण कब आरंभ हुआ?", "1956"],
      ["बाँध कितना ऊँचा है?", "78 मीटर"],
      ["परियोजना का मुख्य अभियंता कौन था?", "रघुनाथ देशमुख"],
      ["कितने लोग विस्थापित हुए?", "अठारह हज़ार"],
      ["बिजली किसे दी जाती है?", "कपड़ा मिलों"],
      ["बाढ़ में कितने फाटक टूटे?", "तीन"],
      ["देशमुख ने पहले किस देश में काम किया था?", "नॉर्वे"],
      ["पर्यटक किस मौसम में आते हैं?", "सर्दियों"],
    ],
    unanswerable: ["बाँध बनाने में कितना पैसा लगा?"],
  },
  {
    title: "",
    text:
      "Đèo Mây Trắng là một con đèo nằm giữa hai tỉnh Lâm Sơn và Hòa Phú, dài khoảng 17 km và có độ cao 1.350 mét so với mực nước biển. Con đường đầu tiên qua đèo do kỹ sư người Pháp Henri Lacombe thiết kế và được khởi công năm 1911. Hơn hai nghìn công nhân đã tham gia xây dựng, trong đó nhiều người chết vì bệnh sốt rét. Trong chiến tranh, cây cầu dưới chân đèo bị phá hủy và chỉ được xây lại vào năm 1979. Người dân tộc Dao sống ở hai bên đèo chủ yếu bằng nghề trồng chè và dệt vải. Từ khi hầm đường bộ được khánh thành năm 2014, lượng xe qua đèo đã giảm tới 80 phần trăm. Ngày nay con đèo thu hút nhiều người đi xe đạp nhờ phong cảnh hùng vĩ.",
    asked: [
      ["Ai đã thiết kế con đường đầu tiên?", "Henri Lacombe"],
      ["Đèo Mây Trắng dài bao nhiêu?", "17 km"],
      ["Bao nhiêu công nhân làm việc ở đây?", "hai nghìn"],
      ["Vì sao nhiều công nhân thiệt mạng?", "sốt rét"],
      ["Cây cầu được dựng lại khi nào?", "1979"],
      ["Người Dao làm nghề gì?", "trồng chè"],
      ["Hầm đường bộ mở cửa vào năm nào?", "2014"],
      ["Con đèo nằm ở những tỉnh nào?", "Lâm Sơn"],
    ],
    unanswerable: ["Giá vé qua hầm là bao nhiêu?"],
  },
  {
    title: "",
    text:
      "Karataş Kalesi, Sarıova'nın kuzeyindeki yalçın bir tepenin üzerinde yer alan bir Orta Çağ kalesidir. Kale 1247 yılında Emir Kutluğ Bey tarafından ticaret yolunu korumak amacıyla yaptırıldı. Surlarının uzunluğu 900 metreyi bulur ve üzerinde on iki kule vardır. 1402'deki kuşatma sırasında savunmacılar beş ay boyunca dayandı, ancak su sarnıçları kuruyunca teslim oldular. Osmanlı döneminde yapının bir bölümü zindan olarak kullanıldı. Arkeolog Nermin Aksoy'un 1988'de başlattığı kazılarda üç binden fazla gümüş sikke bulundu. Bulunan eserler bugün Sarıova Müzesi'nde sergilenmektedir. Kaleye her yıl yaklaşık seksen bin kişi gelmektedir.",
    asked: [
      ["Kaleyi kim inşa ettirdi?", "Kutluğ Bey"],
      ["Kale neden yapıldı?", "ticaret yolunu korumak"],
      ["Surlarda kaç kule bulunur?", "on iki"],
      ["Kuşatma ne kadar sürdü?", "beş ay"],
      ["Savunmacılar neden teslim oldu?", "su sarnıçları"],
      ["Kazıları kim başlattı?", "Nermin Aksoy"],
      ["Sikkeler nerede sergileniyor?", "Sarıova Müzesi"],
      ["Kaleyi yılda kaç kişi ziyaret ediyor?", "seksen bin"],
    ],
    unanswerable: ["Kaleye giriş ücreti ne kadar?"],
  },
  {
    title: "",
    text:
      "Η λίμνη Αργυρώ είναι μια φυσική λίμνη στη βορειοδυτική ενδοχώρα, με έκταση 28 τετραγωνικά χιλιόμετρα και μέγιστο βάθος 61 μέτρα. Σχηματίστηκε πριν από περίπου δώδεκα χιλιάδες χρόνια, όταν οι παγετώνες έλιωσαν. Στο μικρό νησί της σώζεται μοναστήρι που ίδρυσε ο μοναχός Νικηφόρος τον 11ο αιώνα. Το 1926 εγκαταστάθηκαν στις όχθες της πρόσφυγες, οι οποίοι ανέπτυξαν την αλιεία και την καλλιέργεια φασολιών. Τη δεκαετία του 1970 τα λιπάσματα ρύπαναν τα νερά και πολλά είδη ψαριών εξαφανίστηκαν. Από το 2002 η λίμνη προστατεύεται ως εθνικό πάρκο. Κάθε Αύγουστο οι κάτοικοι οργανώνουν αγώνες με παραδοσιακές βάρκες.",
    asked: [
      ["Πόσο βαθιά είναι η λίμνη;", "61 μέτρα"],
      ["Πώς δημιουργήθηκε η λίμνη;", "παγετώνες"],
      ["Ποιος ίδρυσε το μοναστήρι;", "Νικηφόρος"],
      ["Πότε ήρθαν οι πρόσφυγες;", "1926"],
      ["Τι καλλιεργούσαν οι πρόσφυγες;", "φασολιών"],
      ["Τι προκάλεσε τη ρύπανση του νερού;", "λιπάσματα"],
      ["Ποιον μήνα γίνονται οι αγώνες;", "Αύγουστο"],
    ],
    unanswerable: ["Πόσοι τουρίστες έρχονται κάθε χρόνο;"],
  },
];
